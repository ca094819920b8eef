//! True values against closed forms and against the index of the recordings.

use super::*;

#[test]
fn bursts_of_two_cycles_add_up() {
    // The meter's sub-harmonic test: two cycles on, two off, switched at zero crossings and, the other way, anywhere.
    for shift_s in [0.0, 0.0031] {
        let (on_s, round_s) = (2.0 / 60.0, 4.0 / 60.0);
        let scenario = format!(
            "repeat_s = {round_s}\n[[step]]\nat_s = 0.0\ncurrent_a = 10.0\n[[step]]\nat_s = {}\ncurrent_a = 0.0\n",
            on_s + shift_s
        );
        let truth = from_toml(&scenario, "ideal").truth().over(0, 60 * SECOND);
        let omega = TAU * 60.0;
        // Per round: 2200 W for the time on, and the part cycle's swing −V·I·sin(2ωt)/2ω.
        let per_round_ws =
            2200.0 * (on_s + shift_s) - 2200.0 * (2.0 * omega * shift_s).sin() / (2.0 * omega);
        let expected_wh = per_round_ws * 900.0 / 3600.0;
        assert!(
            (truth.energy.import_wh - expected_wh).abs() < 1e-6 * expected_wh,
            "{} {expected_wh}",
            truth.energy.import_wh
        );
    }
}

#[test]
fn truth_is_exact_over_part_cycles() {
    let truth = scene("220,60", "10,0.5L").truth();
    // Quarter cycle: the integral of v·i by hand, V·I(cos φ·T/4 − [sin(2ωt − φ)]/2ω).
    let quarter = SECOND / 240;
    let (omega, phi) = (TAU * 60.0, TAU / 6.0);
    let expected_ws =
        2200.0 * (phi.cos() / 240.0 - ((TAU / 2.0 - phi).sin() - (-phi).sin()) / (2.0 * omega));
    let energy = truth.over(0, quarter).energy;
    assert!(
        (energy.import_wh * 3600.0 - expected_ws).abs() < 1e-6,
        "{} {expected_ws}",
        energy.import_wh * 3600.0
    );
    // Mean values do not feel where a stretch is cut.
    let odd = truth.over(quarter / 3, 60 * SECOND + quarter / 2);
    assert!(
        (odd.vrms_v - 220.0).abs() < 1e-9
            && (odd.p_w - 1100.0).abs() < 1e-9
            && odd.dc_a.abs() < 1e-12
    );
    let minute = truth.over(0, 60 * SECOND);
    assert!((minute.energy.import_wh - 1100.0 / 60.0).abs() < 1e-9);
    assert!((minute.energy.q1_varh - 2200.0 * phi.sin() / 60.0).abs() < 1e-9);
    assert!((minute.energy.apparent_vah - 2200.0 / 60.0).abs() < 1e-9);
    let parts = truth.over(0, from_seconds(0.0123)).energy.import_wh
        + truth
            .over(from_seconds(0.0123), 60 * SECOND)
            .energy
            .import_wh;
    assert!((parts - minute.energy.import_wh).abs() < 1e-12);
}

fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("METER430_WAVEFORMS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/waveforms"),
        PathBuf::from,
    );
    if folder.join("index.csv").is_file() {
        return Some(folder);
    }
    println!(
        "recordings not found in {}, test skipped; METER430_WAVEFORMS names their folder",
        folder.display()
    );
    None
}

#[test]
fn recordings_have_the_true_values_of_their_index() {
    let Some(folder) = recordings() else { return };
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let mut seen = 0;
    for row in index.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let number = |column: usize| fields[column].parse::<f64>().unwrap();
        let path = folder.join(fields[0]);
        let options = Options {
            waveform: Some(&path),
            ..Options::default()
        };
        let truth = Scene::from_options(&options)
            .unwrap()
            .truth()
            .over(0, SECOND);
        let close = |name: &str, value: f64, expected: f64, tolerance: f64| {
            assert!(
                (value - expected).abs() <= tolerance,
                "{} {name}: {value} not {expected}",
                fields[0]
            );
        };
        close("period_hz", truth.f_hz, number(5), 1e-9);
        close("v_rms", truth.vrms_v, number(6), 2e-4);
        close("i_rms", truth.irms_a, number(7), 2e-5);
        close("p_w", truth.p_w, number(8), 2e-4 + 1e-5 * number(8).abs());
        close("s_va", truth.s_va, number(9), 1e-3 + 1e-5 * number(9));
        close("pf", truth.pf, number(10), 2e-5);
        close("v_dc", truth.dc_v, number(11), 1e-4);
        close("i_dc", truth.dc_a, number(12), 1e-5);
        close("v1_rms", truth.v1_v, number(15), 1e-4);
        close("i1_rms", truth.i1_a, number(16), 1e-5);
        close(
            "p1_w",
            truth.p1_w,
            number(18),
            1e-4 + 1e-6 * number(18).abs(),
        );
        close(
            "q1_var",
            truth.q_var,
            number(19),
            1e-4 + 1e-6 * number(19).abs(),
        );
        close("thd_v_pct", truth.thd_v_pct, number(20), 0.0051);
        close("thd_i_pct", truth.thd_i_pct, number(21), 0.0051);
        seen += 1;
    }
    assert_eq!(seen, 24);
}

#[test]
fn an_open_service_switch_takes_the_load_off_but_not_the_mains() {
    let scene = scene("220,60", "10");
    scene.source().connect_load(SECOND, false);
    scene.source().connect_load(3 * SECOND, true);
    let over = |from, to| scene.truth().over(from * SECOND, to * SECOND);
    let away = over(1, 3);
    assert_eq!((away.p_w, away.irms_a, away.neutral_a), (0.0, 0.0, 0.0));
    assert!((away.vrms_v - 220.0).abs() < 1e-9 && (away.f_hz - 60.0).abs() < 1e-9);
    let wh = over(0, 4).energy.import_wh;
    assert!((wh - 2200.0 * 2.0 / 3600.0).abs() < 1e-9, "{wh}");
}
