use proptest::prelude::*;

use super::*;

const COMPRESSED: [Compression; 4] =
    [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

#[test]
fn ids_and_names_find_their_compression() {
    for compression in Compression::ALL {
        assert_eq!(Compression::from_id(compression.id()), Some(compression));
        assert_eq!(Compression::from_name(compression.name()), Some(compression));
    }
    assert_eq!(Compression::from_id(5), None);
    assert_eq!(Compression::from_name("producer"), None);
}

#[test]
fn content_longer_than_the_limit_is_refused() {
    let content = vec![7; 1 << 20];
    for compression in Compression::ALL {
        let compressed = compression.compress(&content, None);
        let limit = content.len() - 1;
        assert_eq!(
            compression.decompress(&compressed, limit),
            Err(CompressionError::TooLarge { compression, limit })
        );
        assert_eq!(compression.decompress(&compressed, content.len()).unwrap(), content);
    }
}

#[test]
fn levels_outside_the_range_are_brought_into_it() {
    for level in [i32::MIN, 0, i32::MAX] {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let compressed = compression.compress(b"content", Some(level));
            assert_eq!(compression.decompress(&compressed, 7).unwrap(), b"content");
        }
    }
}

#[test]
fn bare_snappy_block_is_read() {
    let block = snap::raw::Encoder::new().compress_vec(b"content content content").unwrap();
    assert_eq!(Compression::Snappy.decompress(&block, 100).unwrap(), b"content content content");
}

#[test]
fn snappy_streams_after_each_other_are_one_content() {
    let mut two = Compression::Snappy.compress(b"one", None);
    two.extend(Compression::Snappy.compress(b"two", None));
    assert_eq!(Compression::Snappy.decompress(&two, 6).unwrap(), b"onetwo");
}

#[test]
fn snappy_lengths_that_lie_allocate_nothing() {
    let mut framed = XERIAL_MAGIC.to_vec();
    framed.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1, 0]);
    assert!(matches!(
        Compression::Snappy.decompress(&framed, usize::MAX),
        Err(CompressionError::Corrupt { .. })
    ));
    let bare = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
    assert!(matches!(
        Compression::Snappy.decompress(&bare, usize::MAX),
        Err(CompressionError::Corrupt { .. })
    ));
}

#[test]
fn lz4_is_written_as_kafka_reads_it() {
    let frame = Compression::Lz4.compress(b"content", None);
    // Version 1, independent blocks, no checksums, no content size; blocks of 64 KiB.
    assert_eq!(frame[4..6], [0b0110_0000, 0b0100_0000]);
}

#[test]
fn lz4_legacy_frames_are_refused() {
    let legacy = 0x184C_2102_u32.to_le_bytes();
    assert!(matches!(Compression::Lz4.decompress(&legacy, 10), Err(CompressionError::Corrupt { .. })));
}

proptest! {
    #[test]
    fn content_survives(content in prop::collection::vec(any::<u8>(), 0..3000), repeats in 1_usize..40) {
        let content = content.repeat(repeats);
        for compression in Compression::ALL {
            let compressed = compression.compress(&content, None);
            prop_assert_eq!(&compression.decompress(&compressed, content.len()).unwrap(), &content);
        }
    }

    #[test]
    fn damaged_bytes_never_panic_or_exceed_the_limit(
        content in prop::collection::vec(0_u8..4, 0..2000),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        for compression in COMPRESSED {
            let mut bytes = compression.compress(&content, None);
            for (index, byte) in &damage {
                let at = index.index(bytes.len());
                bytes[at] = *byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
            if let Ok(opened) = compression.decompress(&bytes, 4096) {
                prop_assert!(opened.len() <= 4096);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        for compression in COMPRESSED {
            if let Ok(opened) = compression.decompress(&bytes, 1000) {
                prop_assert!(opened.len() <= 1000);
            }
        }
    }
}
