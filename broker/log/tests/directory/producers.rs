//! What a log knows of its producers outlives their records.

use broker_protocol::types::{ProducerEpoch, ProducerId};

use super::*;

/// Appends the record of this number as its producer does.
fn send(log: &Arc<LogHandle>, sequence: i32) -> Result<AppendInfo, AppendError> {
    let options = AppendOptions { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::Client, now_ms: 1000 };
    let producer = BatchBuilder::new(Compression::None);
    let mut builder = producer.producer(ProducerId(7), ProducerEpoch(0), sequence);
    builder.push(1000, None, Some(&[7; 30_000]), &[]);
    log.append_as_leader(&mut builder.build(), &options)
}

#[test]
fn a_producer_whose_records_were_deleted_goes_on_after_a_power_loss() {
    for seed in 0..20 {
        let disk = MemoryDisk::new(seed);
        let (dir, _) = open(&disk);
        let log = create_with(&dir, 1, LogConfig { segment_bytes: 40_000, ..LogConfig::default() });
        // Others, so that the commit log takes the records.
        let others: Vec<_> = (10..20).map(|id| create(&dir, id)).collect();
        send(&log, 0).unwrap();
        dir.committer().run_cycle();
        // The checkpoint that every start wants, so that the next one is far.
        dir.maintain(1000, &|log| log.flushed_offset());
        for sequence in 1..5 {
            send(&log, sequence).unwrap();
            others.iter().for_each(|other| _ = append(other).unwrap());
            dir.committer().run_cycle();
        }
        assert!(log.advance_log_start_offset(Offset(5)));
        dir.committer().run_cycle();
        dir.maintain(1000, &|log| log.flushed_offset());
        assert_eq!(log.with(|log| log.segment_count()), 1);
        // Names become durable with whatever is synced next in the directory.
        disk.sync_dir(&Path::new(PATH).join("t1-0")).unwrap();
        drop((dir, log, others));
        disk.power_loss(seed);
        let (dir, _) = open(&disk);
        let log = dir.get(identity("t1", 1).topic_id, 0).unwrap();
        let again = send(&log, 4);
        assert!(
            again.as_ref().is_ok_and(|info| info.duplicate),
            "acknowledged, and deleted since: {again:?}"
        );
        assert_eq!(send(&log, 5).unwrap().base_offset, Offset(5));
    }
}
