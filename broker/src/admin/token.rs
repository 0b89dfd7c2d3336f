//! The token that callers bear: the content of a file, without white space around it.
//!
//! The file is looked at again at most every [`READ_AGAIN`], so that a token can be replaced while the broker runs. The
//! token is never logged, and is compared in a time that does not tell how much of it was right.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::sync::Mutex;
use tonic::Status;
use tonic::codegen::http::HeaderMap;
use tonic::codegen::http::header::AUTHORIZATION;

use crate::env::Env;

/// How old what is known of the file may be.
const READ_AGAIN: Duration = Duration::from_secs(2);

/// Longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// What callers have to bear.
pub(super) struct Token(Option<TokenFile>);

struct TokenFile {
    env: Env,
    path: PathBuf,
    known: Mutex<KnownToken>,
}

struct KnownToken {
    token: Vec<u8>,
    /// By the monotonic clock.
    read_at: Duration,
    /// The log says already that the file cannot be read; until it can.
    told: bool,
}

impl Token {
    /// The token of a file; without one nothing is asked for.
    ///
    /// # Errors
    /// The file cannot be read or has no token.
    pub(super) async fn open(env: &Env, file: Option<&Path>) -> anyhow::Result<Token> {
        let Some(path) = file else { return Ok(Token(None)) };
        let read_at = env.clock.monotonic();
        let known = KnownToken { token: read(env, path).await?, read_at, told: false };
        Ok(Token(Some(TokenFile { env: env.clone(), path: path.to_owned(), known: Mutex::new(known) })))
    }

    /// Lets a call pass that bears the token.
    pub(super) async fn check(&self, headers: &HeaderMap) -> Result<(), Status> {
        let Some(file) = &self.0 else { return Ok(()) };
        let Some(borne) = headers.get(AUTHORIZATION).map(|value| value.as_bytes()) else {
            return Err(Status::unauthenticated("this broker asks for a bearer token"));
        };
        let borne = match borne.split_at_checked(b"Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") => token,
            _ => b"",
        };
        let mut known = file.known.lock().await;
        file.read_again(&mut known).await;
        if are_equal(borne, &known.token) {
            Ok(())
        } else {
            Err(Status::unauthenticated("this is not the bearer token of this broker"))
        }
    }
}

impl TokenFile {
    /// What cannot be read leaves the token as it was: a file that is being replaced shuts nobody out.
    async fn read_again(&self, known: &mut KnownToken) {
        let now = self.env.clock.monotonic();
        if now.saturating_sub(known.read_at) < READ_AGAIN {
            return;
        }
        known.read_at = now;
        match read(&self.env, &self.path).await {
            Ok(token) => (known.token, known.told) = (token, false),
            Err(error) if !known.told => {
                known.told = true;
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the token of the admin service stays as it was"
                );
            }
            Err(_) => {}
        }
    }
}

async fn read(env: &Env, path: &Path) -> anyhow::Result<Vec<u8>> {
    let (disk, file) = (env.disk.clone(), path.to_owned());
    let named = || path.display().to_string();
    let bytes = env.block_on_disk(move || disk.read(&file)).await.with_context(named)?;
    let token = bytes.trim_ascii();
    ensure!(!token.is_empty(), "{} has no token", named());
    ensure!(token.len() <= TOKEN_BYTES_MAX, "{} has more than {TOKEN_BYTES_MAX} bytes", named());
    Ok(token.to_vec())
}

/// Looks at every byte, wherever they differ. The length is no secret.
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let differences =
        one.iter().zip(other).fold(0, |differences, (a, b)| std::hint::black_box(differences | (a ^ b)));
    one.len() == other.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_equal_to_it() {
        let token = b"secret";
        assert!(are_equal(token, token));
        for other in [&b""[..], b"secre", b"secret ", b"Secret", b"secreT"] {
            assert!(!are_equal(other, token) && !are_equal(token, other), "{other:?}");
        }
    }
}
