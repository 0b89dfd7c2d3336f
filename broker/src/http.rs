//! The HTTP listener: `/metrics`, `/healthz`, `/readyz`, and `POST /scrub`.
//!
//! Few ask here, so a few connections are served at a time and others wait to be accepted. A connection ends once it has
//! been silent for too long: its request does not come, its answer is not taken, or no other request follows.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, Instant, Sleep};

use crate::metrics::Metrics;

/// Connections that are served at a time: far above what monitors and probes need, and small enough that the answers held
/// for clients that do not read bound the memory.
const CONNECTIONS_MAX: usize = 64;

/// How long a request may take to come and a client to take a part of its answer. No usual interval of scrapes, at which
/// the next request would meet the end of its connection.
const SILENCE_MAX: Duration = Duration::from_secs(20);

const JSON: &str = "application/json";

/// Whether the broker can do its work, and if not, why.
pub trait Health: Send + Sync + 'static {
    /// Reasons to restart it; empty when it is healthy.
    fn unhealthy(&self) -> Vec<String>;
    /// Reasons not to send clients to it; empty when it is ready.
    fn not_ready(&self) -> Vec<String>;
    /// Compares what the object store has of a topic, or of all, with what it should have.
    fn scrub(&self, topic: Option<String>) -> Pin<Box<dyn Future<Output = Scrubbed> + Send>>;
    /// Does so and reads all that is there, too: damage that no size tells. Takes as long as that takes.
    fn verify(&self, topic: Option<String>) -> Pin<Box<dyn Future<Output = Scrubbed> + Send>>;
}

/// What became of a scrub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scrubbed {
    /// There is no object store, or no broker yet; with the reason.
    Impossible(&'static str),
    /// There is no such topic.
    UnknownTopic {
        /// What is said of that, as json.
        report: String,
    },
    /// It was done.
    Done {
        /// All that should be there is, once.
        is_sound: bool,
        /// What was found, as json.
        report: String,
    },
}

/// Parameters of `POST /scrub`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ScrubQuery {
    topic: Option<String>,
    #[serde(default)]
    verify: bool,
}

#[derive(Clone)]
struct Page {
    metrics: Arc<Metrics>,
    health: Arc<dyn Health>,
}

/// Serves HTTP until the task is dropped.
///
/// # Errors
/// The listening socket fails.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, health: Arc<dyn Health>) -> io::Result<()> {
    serve_on(listener, metrics, health).await
}

async fn serve_on<L>(listener: L, metrics: Arc<Metrics>, health: Arc<dyn Health>) -> io::Result<()>
where
    L: Listener,
    L::Addr: Debug,
{
    let router = Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(|State(page): State<Page>| async move { verdict(&page.health.unhealthy()) }))
        .route("/readyz", get(|State(page): State<Page>| async move { verdict(&page.health.not_ready()) }))
        .route("/scrub", post(scrub))
        .with_state(Page { metrics, health });
    let service = router.into_make_service_with_connect_info::<Answering>();
    axum::serve(Bounded { listener, places: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }, service).await
}

async fn render(State(page): State<Page>) -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    // The lag of a group is read from its partitions, which may be on disk only.
    match tokio::task::spawn_blocking(move || page.metrics.render()).await {
        Ok(text) => (StatusCode::OK, content_type, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, content_type, format!("{error}\n")),
    }
}

async fn scrub(
    State(page): State<Page>,
    ConnectInfo(answering): ConnectInfo<Answering>,
    Query(query): Query<ScrubQuery>,
) -> impl IntoResponse {
    let _until_answered = answering.begin();
    let health = &page.health;
    let scrubbed = if query.verify { health.verify(query.topic) } else { health.scrub(query.topic) };
    let (status, content_type, body) = match scrubbed.await {
        Scrubbed::Impossible(reason) => {
            (StatusCode::CONFLICT, "text/plain; charset=utf-8", format!("{reason}\n"))
        }
        Scrubbed::UnknownTopic { report } => (StatusCode::NOT_FOUND, JSON, report),
        Scrubbed::Done { is_sound: true, report } => (StatusCode::OK, JSON, report),
        Scrubbed::Done { is_sound: false, report } => (StatusCode::INTERNAL_SERVER_ERROR, JSON, report),
    };
    (status, [(header::CONTENT_TYPE, content_type)], body)
}

fn verdict(reasons: &[String]) -> (StatusCode, String) {
    if reasons.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n")))
    }
}

/// Whether a request of a connection is being worked on that takes long: the silence is none of the client's then.
#[derive(Clone, Default)]
struct Answering(Arc<AtomicBool>);

impl Answering {
    fn begin(self) -> UntilAnswered {
        self.0.store(true, Ordering::Relaxed);
        UntilAnswered(self)
    }
}

impl<L: Listener> Connected<IncomingStream<'_, Bounded<L>>> for Answering {
    fn connect_info(stream: IncomingStream<'_, Bounded<L>>) -> Answering {
        stream.io().answering.clone()
    }
}

/// Ends with the work on a request.
struct UntilAnswered(Answering);

impl Drop for UntilAnswered {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

/// Accepts only as many connections as there are places.
struct Bounded<L> {
    listener: L,
    places: Arc<Semaphore>,
}

impl<L: Listener> Listener for Bounded<L> {
    type Io = Timed<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Timed<L::Io>, L::Addr) {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("nobody closes the places");
        let (stream, peer) = self.listener.accept().await;
        (Timed::new(stream, place), peer)
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that fails after a silence, and has a place until it ends.
struct Timed<S> {
    stream: S,
    silence: Pin<Box<Sleep>>,
    /// Bytes of a request have come and none of its answer has gone: what comes more slowly than in time is too late.
    receiving: bool,
    answering: Answering,
    _place: OwnedSemaphorePermit,
}

impl<S> Timed<S> {
    fn new(stream: S, place: OwnedSemaphorePermit) -> Timed<S> {
        let silence = Box::pin(tokio::time::sleep(SILENCE_MAX));
        Timed { stream, silence, receiving: false, answering: Answering::default(), _place: place }
    }

    fn begin_silence(&mut self) {
        self.silence.as_mut().reset(Instant::now() + SILENCE_MAX);
    }

    /// Fails once the silence has lasted too long; otherwise has the task woken then.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        while self.silence.as_mut().poll(cx).is_ready() {
            if !self.answering.0.load(Ordering::Relaxed) {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.begin_silence();
        }
        Poll::Pending
    }

    fn sent(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match sent {
            Poll::Pending => self.poll_silence(cx).map(Err),
            Poll::Ready(sent) => {
                self.receiving = false;
                self.begin_silence();
                Poll::Ready(sent)
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_silence(cx) {
            return Poll::Ready(Err(error));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() && !self.receiving {
            self.receiving = true;
            self.begin_silence();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.sent(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.sent(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
