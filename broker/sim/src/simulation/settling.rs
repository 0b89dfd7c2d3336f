//! What must come true by itself once everything has healed: all that is sealed is copied, and the object store holds
//! nothing to spare once the scrubber was there and what nobody names is old enough.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::audit::{self, Audit};
use crate::broker_host::BrokerHost;
use crate::clients::Shared;

/// How long copying may come no further: the broker waits half a minute after many failures.
const CATCH_UP_MS_MAX: u64 = 60_000;
/// How long the same may be left over: two runs of the scrubber, and what else is deleted meanwhile.
const CLEAN_MS_MAX: u64 = 45_000;
/// Pause between two looks, in milliseconds.
const LOOK_MS: u64 = 100;
/// Looks at what is left over after which it is made to age once more.
const AGED_AGAIN_AFTER_LOOKS: u64 = 100;

/// Waits for it.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub(super) async fn run(
    host: Rc<BrokerHost>,
    shared: Rc<Shared>,
    audit: Rc<RefCell<Audit>>,
    skip_ms: u64,
) -> turmoil::Result {
    let Some(store) = host.store.clone() else { return Ok(()) };
    let behind = || match host.serving() {
        Some(ctx) => audit.borrow().behind(&ctx),
        None => Some("the broker does not serve".to_owned()),
    };
    wait(&shared, CATCH_UP_MS_MAX, behind).await;
    wait(&shared, CATCH_UP_MS_MAX, || {
        (!store.is_quiet()).then(|| "requests of dead processes are under way".to_owned())
    })
    .await;
    shared.recorder.borrow_mut().note(format_args!("{skip_ms} ms pass"));
    host.clock.skip_ms(skip_ms);
    let looks = Cell::new(0);
    let spare = || {
        looks.set(looks.get() + 1);
        if looks.get() == AGED_AGAIN_AFTER_LOOKS {
            // What was being copied when the clock moved on is young, and of no use: it took too long.
            host.clock.skip_ms(skip_ms);
        }
        let ctx = host.serving()?;
        let topics: BTreeSet<_> = ctx.replicas.topics().iter().map(|topic| topic.id).collect();
        let findings = audit::look(store.contents(), &topics);
        if findings.is_empty() {
            return None;
        }
        host.scrub.notify_one();
        Some(findings.join("; "))
    };
    host.scrub.notify_one();
    wait(&shared, CLEAN_MS_MAX, spare).await;
    Ok(())
}

/// Looks again and again until there is nothing to find; what is found and does not change any more is a violation.
async fn wait(shared: &Shared, ms_max: u64, look: impl Fn() -> Option<String>) {
    let (mut last, mut same_ms) = (String::new(), 0);
    loop {
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        let Some(found) = look() else { return };
        same_ms = if found == last { same_ms + LOOK_MS } else { 0 };
        last = found;
        if same_ms >= ms_max {
            break;
        }
    }
    shared.violation(format_args!("{last} long after everything has healed"));
}
