//! This broker's replicas: which partitions it has, how far each is durable, and who waits for them.

pub mod cleaning;
pub mod manager;
pub mod partition;
