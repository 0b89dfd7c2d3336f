//! The calls, in their order, and what each must print.

/// One call of a tool.
pub(super) struct Call {
    /// Tool and arguments, parted by spaces; `{bootstrap}` stands for the broker's address.
    pub(super) line: &'static str,
    /// What it reads from its standard input.
    pub(super) input: &'static str,
    /// What its output must hold, each in one line: words in this order, whatever is between them.
    pub(super) prints: &'static [&'static [&'static str]],
}

impl Call {
    /// The first of the expected lines that `output` lacks.
    pub(super) fn missing_in(&self, output: &str) -> Option<&'static [&'static str]> {
        self.prints.iter().find(|words| !output.lines().any(|line| holds(line, words))).copied()
    }
}

/// Whether a line holds these words in this order.
fn holds(line: &str, words: &[&str]) -> bool {
    let mut rest = line;
    words.iter().all(|word| match rest.find(word) {
        Some(at) => {
            rest = &rest[at + word.len()..];
            true
        }
        None => false,
    })
}

const fn call(line: &'static str, prints: &'static [&'static [&'static str]]) -> Call {
    Call { line, input: "", prints }
}

/// Against the running broker.
pub(super) const ONLINE: &[Call] = &[
    call("broker-api-versions --bootstrap-server {bootstrap}", &[&["id: 1"], &["Produce(0):", "usable"]]),
    call(
        "topics --bootstrap-server {bootstrap} --create --topic orders --partitions 1 --config retention.ms=7200000",
        &[&["Created topic orders."]],
    ),
    Call {
        line: "console-producer --bootstrap-server {bootstrap} --topic orders --property parse.key=true \
               --property key.separator=:",
        input: "ann:tea\nbob:coffee\nann:milk\n",
        prints: &[],
    },
    call(
        "topics --bootstrap-server {bootstrap} --create --topic prices --partitions 1 --config cleanup.policy=compact \
         --config segment.ms=100 --config min.cleanable.dirty.ratio=0.01",
        &[&["Created topic prices."]],
    ),
    Call {
        line: "console-producer --bootstrap-server {bootstrap} --topic prices --property parse.key=true --property \
               key.separator=: --compression-codec zstd",
        input: "tea:1\ncoffee:2\ntea:3\ncoffee:4\nmilk:5\n",
        prints: &[],
    },
    call(
        "console-consumer --bootstrap-server {bootstrap} --topic orders --from-beginning --max-messages 3 --group \
         readers --property print.key=true --property print.offset=true",
        &[&["Offset:0", "ann", "tea"], &["Offset:1", "bob", "coffee"], &["Offset:2", "ann", "milk"]],
    ),
    call(
        "consumer-groups --bootstrap-server {bootstrap} --describe --group readers",
        &[&["readers", "orders", "0", "3", "3", "0"]],
    ),
    // By then the segment with the first prices is sealed.
    Call {
        line: "console-producer --bootstrap-server {bootstrap} --topic prices --property parse.key=true --property \
               key.separator=:",
        input: "tea:6\n",
        prints: &[],
    },
    call(
        "producer-perf-test --topic orders --num-records 5000 --record-size 100 --throughput -1 --command-property \
         bootstrap.servers={bootstrap} acks=all enable.idempotence=true",
        &[&["5000 records sent"]],
    ),
    call(
        "transactions --bootstrap-server {bootstrap} describe-producers --topic orders --partition 0",
        &[&["ProducerId", "ProducerEpoch"], &["4999", "None"]],
    ),
    call(
        "consumer-perf-test --bootstrap-server {bootstrap} --topic orders --num-records 5000 --group measuring",
        &[&["fetch.nMsg.sec"]],
    ),
    call(
        "e2e-latency --bootstrap-server {bootstrap} --topic round --num-records 50 --producer-acks all --record-size 100",
        &[&["Avg latency"]],
    ),
    call(
        "verifiable-producer --bootstrap-server {bootstrap} --topic verified --max-messages 50 --acks -1",
        &[&["\"sent\":50", "\"acked\":50"]],
    ),
    call(
        "verifiable-consumer --bootstrap-server {bootstrap} --topic verified --group-id verifying --max-messages 50 \
         --verbose",
        &[&["record_data", "\"offset\":49"], &["shutdown_complete"]],
    ),
    call(
        "delete-records --bootstrap-server {bootstrap} --offset-json-file delete-records.json",
        &[&["orders-0", "low_watermark: 10"]],
    ),
    call("get-offsets --bootstrap-server {bootstrap} --topic orders --time earliest", &[&["orders:0:10"]]),
    call("get-offsets --bootstrap-server {bootstrap} --topic orders", &[&["orders:0:5003"]]),
    call(
        "consumer-groups --bootstrap-server {bootstrap} --group readers --topic orders --reset-offsets --to-earliest \
         --execute",
        &[&["readers", "orders", "0", "10"]],
    ),
    call("consumer-groups --bootstrap-server {bootstrap} --list --state", &[&["readers", "Empty"]]),
    call("groups --bootstrap-server {bootstrap} --list", &[&["readers", "Classic", "consumer"]]),
    call(
        "consumer-groups --bootstrap-server {bootstrap} --delete-offsets --group readers --topic orders",
        &[&["orders", "0", "Successful"]],
    ),
    call(
        "consumer-groups --bootstrap-server {bootstrap} --delete --group readers",
        &[&["readers", "successful"]],
    ),
    call(
        "configs --bootstrap-server {bootstrap} --alter --entity-type topics --entity-name orders --add-config \
         max.message.bytes=500000 --delete-config retention.ms",
        &[&["Completed updating config for topic orders."]],
    ),
    call(
        "configs --bootstrap-server {bootstrap} --describe --entity-type topics --entity-name orders",
        &[&["max.message.bytes=500000", "DYNAMIC_TOPIC_CONFIG"]],
    ),
    call(
        "configs --bootstrap-server {bootstrap} --describe --entity-type brokers --entity-name 1 --all",
        &[&["group.initial.rebalance.delay.ms=0", "STATIC_BROKER_CONFIG"], &["log.segment.bytes=1073741824"]],
    ),
    call("topics --bootstrap-server {bootstrap} --alter --topic orders --partitions 3", &[]),
    call(
        "topics --bootstrap-server {bootstrap} --describe --topic orders",
        &[&["PartitionCount: 3", "ReplicationFactor: 1"], &["Partition: 2", "Leader: 1", "Isr: 1"]],
    ),
    call(
        "log-dirs --bootstrap-server {bootstrap} --describe --topic-list orders",
        &[&["\"partition\":\"orders-0\",\"size\":"]],
    ),
    call("metadata-quorum --bootstrap-server {bootstrap} describe --status", &[&["LeaderId:", "1"]]),
    call("metadata-quorum --bootstrap-server {bootstrap} describe --replication", &[&["Leader"]]),
    call("cluster cluster-id --bootstrap-server {bootstrap}", &[&["Cluster ID:"]]),
    call("cluster list-endpoints --bootstrap-server {bootstrap}", &[&["1", "unfenced", "broker"]]),
    call(
        "features --bootstrap-server {bootstrap} describe",
        &[&["metadata.version", "FinalizedVersionLevel: 4."]],
    ),
    call(
        "streams-application-reset --bootstrap-server {bootstrap} --application-id totals --input-topics verified --force",
        &[&["Done."]],
    ),
    // Compacted by then: otherwise the first three would be others.
    call(
        "console-consumer --bootstrap-server {bootstrap} --topic prices --from-beginning --max-messages 3 --property \
         print.key=true --property print.offset=true",
        &[&["Offset:3", "coffee", "4"], &["Offset:4", "milk", "5"], &["Offset:5", "tea", "6"]],
    ),
    call("topics --bootstrap-server {bootstrap} --delete --topic round", &[]),
    call("topics --bootstrap-server {bootstrap} --list", &[&["orders"], &["verified"]]),
];

/// On the files of the stopped broker.
pub(super) const AFTER_STOP: &[Call] = &[
    call(
        "dump-log --files data/orders-0/00000000000000000000.log --print-data-log --deep-iteration",
        &[
            &["baseOffset: 0", "isvalid: true"],
            &["offset: 0", "key: ann payload: tea"],
            &["offset: 5002", "valueSize: 100"],
        ],
    ),
    // Compacted.
    call(
        "dump-log --files data/prices-0/00000000000000000000.log --print-data-log --deep-iteration",
        &[
            &["lastOffset: 4", "isvalid: true"],
            &["offset: 3", "key: coffee payload: 4"],
            &["offset: 4", "key: milk payload: 5"],
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_must_come_in_order_and_in_one_line() {
        let both = call("", &[&["a", "b"]]);
        assert_eq!(both.missing_in("x\n1 a 2 b"), None);
        assert!(both.missing_in("b a").is_some());
        assert!(both.missing_in("a\nb").is_some());
    }
}
