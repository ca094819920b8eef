//! What options build, and a source that is changed while the meter runs.

use super::*;

#[test]
fn knobs_turned_while_running_act_at_once() {
    let scene = scene("220,60", "10");
    let mut reader = Reader::new(&scene, EIGHT_KSPS);
    let now = reader.now;
    let load = Load::parse("2,0.5L").unwrap();
    scene.source().switch_to(
        now,
        numbers::lines(
            &Mains {
                voltage_v: 110.0,
                frequency_hz: 50.0,
            },
            &load,
        ),
        50.0,
    );
    let mut squares = [0.0; 2];
    for n in 0..803 {
        let (sample, _) = reader.sample();
        if n >= 3 {
            squares[0] += (sample[0] * 600.0).powi(2) / 800.0;
            squares[1] += (sample[1] * 150.0).powi(2) / 800.0;
        }
    }
    assert!(
        (squares[0].sqrt() / 110.0 - 1.0).abs() < 3e-4
            && (squares[1].sqrt() / 2.0 - 1.0).abs() < 3e-4,
        "{squares:?}"
    );
    assert!((scene.truth().over(now, now + SECOND).p_w - 110.0).abs() < 1e-9);
    assert!((scene.truth().over(now - MILLISECOND, now).f_hz - 60.0).abs() < 1e-9);
}

#[test]
fn the_shipped_household_plays() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/household.toml");
    let options = Options {
        scenario: Some(&path),
        ..Options::default()
    };
    let scene = Scene::from_options(&options).unwrap();
    let truth = scene.truth().over(0, 60 * SECOND);
    assert!(
        (115.0..121.0).contains(&truth.vrms_v)
            && truth.energy.import_wh > 5.0
            && truth.thd_v_pct > 1.0
    );
    let mut converter = scene.converter();
    converter.advance(SECOND);
    assert_eq!(converter.counts().clipped, 0);
}

#[test]
fn waveform_and_other_options_exclude_each_other() {
    let options = Options {
        waveform: Some(Path::new("x.csv")),
        load: Some("5"),
        ..Options::default()
    };
    let error = Scene::from_options(&options).unwrap_err().to_string();
    assert_eq!(
        error,
        "--waveform x.csv: stands in place of mains and load, and --load is given too; leave one of them out"
    );
}
