//! The communications port of the image: how fast it answers, table by table.

use experiments::meter::Meter;
use experiments::turn_around;
use virtual_meter::scene::Options;
use virtual_meter::time::{MILLISECOND, to_seconds};

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn acknowledgement_within_2_ms_and_response_within_50_ms_for_every_table() {
    let mut meter = Meter::new(&Options {
        load: Some("10"),
        board: Some("ideal"),
        ..Options::default()
    })
    .expect("meter");
    meter.run(4.0).expect("starts");
    let found = turn_around::of_every_table(&mut meter, 12).expect("every table answers");
    println!(
        "{} requests: acknowledged after {:.2} to {:.2} ms, answered within {:.2} ms",
        found.requests,
        1e3 * to_seconds(found.soonest_acknowledgement),
        1e3 * to_seconds(found.slowest_acknowledgement),
        1e3 * to_seconds(found.slowest_response)
    );
    assert!(found.soonest_acknowledgement >= turn_around::SOONEST);
    assert!(found.slowest_acknowledgement <= 2 * MILLISECOND);
    assert!(found.slowest_response <= 50 * MILLISECOND);
}
