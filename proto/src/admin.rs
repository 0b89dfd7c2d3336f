//! What an operator asks of a broker; read `proto/admin/v1/admin.proto`. The features `admin-client` and `admin-server` give
//! the two sides of the service, over any transport.

#[allow(missing_docs, clippy::too_many_lines, reason = "generated; the .proto file says what names do not")]
pub mod v1;
