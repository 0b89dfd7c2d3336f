//! The HTTP listener: `/metrics`, `/healthz`, `/readyz`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Whether the broker can do its work, and if not, why.
pub trait Health: Send + Sync + 'static {
    /// Reasons to restart it; empty when it is healthy.
    fn unhealthy(&self) -> Vec<String>;
    /// Reasons not to send clients to it; empty when it is ready.
    fn not_ready(&self) -> Vec<String>;
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
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    health: Arc<dyn Health>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(|State(page): State<Page>| async move { verdict(&page.health.unhealthy()) }))
        .route("/readyz", get(|State(page): State<Page>| async move { verdict(&page.health.not_ready()) }))
        .with_state(Page { metrics, health });
    axum::serve(listener, router).await
}

async fn render(State(page): State<Page>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.metrics.render())
}

fn verdict(reasons: &[String]) -> (StatusCode, String) {
    if reasons.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n")))
    }
}
