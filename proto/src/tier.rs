//! What lies in object stores; read `proto/tier/v1/tier.proto`, and docs/object-layout.md for the bytes around it.

pub mod v1;
