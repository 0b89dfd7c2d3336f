//! What a broker puts into metadata snapshots; read `proto/backup/v1/backup.proto`.

pub mod v1;
