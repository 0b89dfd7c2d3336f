//! A tour: a shop's orders, read by several groups at their own pace.
//!
//! Run it with `cargo run --release --example orders`. It uses the broker on 127.0.0.1:9092 if there is one, and else
//! starts one of its own with data in a temporary directory. Everything goes through an unmodified Kafka client
//! (librdkafka), every claim it prints is verified, and it fails if one does not hold.

mod broker;
mod shop;

use anyhow::{Context, ensure};

use crate::shop::{Order, Shop};

/// Orders that the shop takes.
const ORDERS: u32 = 1_000;
/// Customers who place them, each in turn.
const CUSTOMERS: u32 = 20;
/// Partitions of the topic: as many members of a group can share the work.
const PARTITIONS: i32 = 6;

fn main() -> anyhow::Result<()> {
    let broker = broker::find_or_start()?;
    let shop = Shop::open(broker.bootstrap(), PARTITIONS)?;
    println!(
        "\n1. The shop takes {ORDERS} orders of {CUSTOMERS} customers into the topic {}, keyed by customer.",
        shop.topic()
    );
    let placed = shop.take_orders(ORDERS, CUSTOMERS)?;
    println!("   Every one is acknowledged, which means that it is on stable storage.");

    println!("\n2. Three groups read the topic. Each group sees every order: publish/subscribe.");
    for (group, members) in [("inventory", 3), ("payment", 1), ("notification", 2)] {
        let seen = shop.read_as_group(group, members, placed.len())?;
        verify_group(group, members, &placed, &seen)?;
    }

    println!("\n3. A group that comes late reads everything from the beginning: a log is not a mailbox.");
    let replayed = shop.read_as_group("audit", 1, placed.len())?;
    verify_group("audit", 1, &placed, &replayed)?;

    println!("\nAll of it was verified.{}", broker.where_to_look());
    broker.stop()
}

/// Checks that a group saw all orders, each once, those of each customer in their order, and that members shared them.
fn verify_group(group: &str, members: usize, placed: &[Order], seen: &[Vec<Order>]) -> anyhow::Result<()> {
    let mut numbers: Vec<u32> = seen.iter().flatten().map(|order| order.number).collect();
    numbers.sort_unstable();
    let expected: Vec<u32> = placed.iter().map(|order| order.number).collect();
    ensure!(numbers == expected, "{group} saw {} orders of {}, or some twice", numbers.len(), expected.len());
    for member in seen {
        for customer in 0..CUSTOMERS {
            let own: Vec<u32> =
                member.iter().filter(|order| order.customer == customer).map(|order| order.number).collect();
            ensure!(own.is_sorted(), "{group} saw the orders of customer {customer} out of order");
        }
    }
    let shares: Vec<String> = seen.iter().map(|member| member.len().to_string()).collect();
    let idle = seen.iter().filter(|member| member.is_empty()).count();
    ensure!(idle == 0, "{idle} members of {group} had nothing to do");
    let first = seen.first().and_then(|member| member.first()).context("no order was read")?;
    println!(
        "   {group:<12} {members} member(s), orders each: {:<14} all {} seen once, each customer's in order (first: {first})",
        shares.join(" + "),
        numbers.len(),
    );
    Ok(())
}
