//! Waits: until something holds, with a limit, and a message that says what was seen last.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::time::Instant;

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(200);

/// Looks until there is something; what `look` says instead is what was seen last.
///
/// # Errors
/// The limit passed.
pub async fn until<T>(
    what: &str,
    seconds: u64,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        // A look that fails may do better next time: the API server may be on its way back.
        let seen = match look().await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(seen)) => seen,
            Err(error) => format!("{error:#}"),
        };
        if began.elapsed() > Duration::from_secs(seconds) {
            bail!("not within {seconds} s: {what}; seen last: {seen}");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Status and reason of a condition of an object, `-` where there is none.
#[must_use]
pub fn condition(object: &Value, type_: &str) -> (String, String) {
    let all = object.pointer("/status/conditions").and_then(Value::as_array);
    let found = all.into_iter().flatten().find(|condition| condition["type"] == type_);
    let field = |name: &str| found.and_then(|condition| condition[name].as_str()).unwrap_or("-").to_owned();
    (field("status"), field("reason"))
}
