//! What groups do, told step by step. `driver` plays the part of the runtime and of the clock.

mod admin;
mod driver;
mod joining;
mod leaving;
mod model;
mod offsets;
mod static_members;
mod syncing;
