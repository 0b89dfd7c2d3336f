//! Tests about the operator itself, one after another: what they do to it would disturb others.

mod operators;
mod release;
