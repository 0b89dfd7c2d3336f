//! What every call passes: the caller's token, a place among the calls that are answered at a time, and a deadline.
//!
//! The deadline counts from the head of the request on: a body that comes slowly uses it up, and so does waiting for a place.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderMap, Request, Response};

use super::token::Token;

/// How long a call may take that does not say.
const DEADLINE: Duration = Duration::from_secs(30);

/// Calls that are answered at a time, over all connections.
const CALLS_MAX: usize = 32;

/// What the calls of all connections share.
pub(super) struct Gate {
    token: Token,
    places: Semaphore,
}

impl Gate {
    pub(super) fn new(token: Token) -> Gate {
        Gate { token, places: Semaphore::new(CALLS_MAX) }
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    service: S,
    gate: Arc<Gate>,
}

impl<S> Guarded<S> {
    pub(super) fn new(service: S, gate: Arc<Gate>) -> Guarded<S> {
        Guarded { service, gate }
    }
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // Begun here, so that it ends no later than the deadline that the library keeps by itself, of whose end clients are
        // told that the call was cancelled.
        let over = tokio::time::sleep(deadline(request.headers()));
        let (mut service, gate) = (self.service.clone(), Arc::clone(&self.gate));
        Box::pin(async move {
            let answer = async {
                if let Err(status) = gate.token.check(request.headers()).await {
                    return Ok(status.into_http());
                }
                // Nobody closes the places.
                let _place = gate.places.acquire().await;
                service.call(request).await
            };
            tokio::select! {
                answer = answer => answer,
                () = over => Ok(Status::deadline_exceeded("the call was not answered before its deadline").into_http()),
            }
        })
    }
}

/// How long the call may take: `grpc-timeout`, a number of up to eight digits and a unit.
fn deadline(headers: &HeaderMap) -> Duration {
    let given = || {
        let text = headers.get("grpc-timeout")?.to_str().ok()?;
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: u64 = number.parse().ok()?;
        Some(match unit {
            "H" => Duration::from_secs(number * 3600),
            "M" => Duration::from_secs(number * 60),
            "S" => Duration::from_secs(number),
            "m" => Duration::from_millis(number),
            "u" => Duration::from_micros(number),
            "n" => Duration::from_nanos(number),
            _ => return None,
        })
    };
    given().unwrap_or(DEADLINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_is_the_callers_or_half_a_minute() {
        let of = |text: &'static str| {
            deadline(&HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), text.parse().unwrap())]))
        };
        assert_eq!(deadline(&HeaderMap::new()), DEADLINE);
        assert_eq!(of("2H"), Duration::from_secs(7200));
        assert_eq!(of("3M"), Duration::from_secs(180));
        assert_eq!(of("4S"), Duration::from_secs(4));
        assert_eq!(of("99999999m"), Duration::from_millis(99_999_999));
        assert_eq!(of("5u"), Duration::from_micros(5));
        assert_eq!(of("6n"), Duration::from_nanos(6));
        for odd in ["", "S", "1", "1s", "-1S", "+1S", "123456789S", "1 S"] {
            assert_eq!(of(odd), DEADLINE, "{odd}");
        }
    }
}
