//! Boards from files, seeds and names.

use super::population::Spread;
use super::*;

fn read(text: &str) -> Result<Board, String> {
    let path = std::env::temp_dir().join(format!(
        "meter430-board-{}-{}.toml",
        std::process::id(),
        text.len()
    ));
    fs::write(&path, text).unwrap();
    let board = Board::read(&path).map_err(|error| {
        error
            .to_string()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    fs::remove_file(&path).unwrap();
    board
}

#[test]
fn an_ideal_board_maps_the_full_scale_of_the_design() {
    let board = Board::from_option(Some("ideal")).unwrap();
    assert_eq!(board.ratio(0) * 600.0, 1.2);
    assert!((board.ratio(1) * 150.0 - 1.2).abs() < 1e-15);
    assert_eq!(board.imperfections(60.0), Imperfections::NONE);
    assert_eq!(board.delay_s(1, 5.0), 0.0);
}

#[test]
fn the_shipped_board_reads_and_has_errors() {
    let board = Board::from_option(None).unwrap();
    board.check().unwrap();
    assert!(board.imperfections(23.0).noise == 1.0 && board.crosstalk() > 1e-6);
    assert!(board.delay_s(1, 0.01) < board.delay_s(1, 100.0));
    assert!((board.mcu_crystal_ppm(45.0) - (-14.0 - 0.034 * 400.0)).abs() < 1e-12);
}

#[test]
fn a_file_overrides_what_it_names() {
    let board = read("name = \"x\"\n[line]\ngain = 0.99\nphase_deg = -0.36\n").unwrap();
    assert_eq!(board.ratio(1), 0.99 * 1.2 / 150.0);
    assert!((board.delay_s(1, 5.0) + 0.36 / 360.0 / 60.0).abs() < 1e-18);
    assert_eq!(board.voltage, Sensor::default());
}

#[test]
fn mistakes_are_answered_with_their_line() {
    let unknown = read("seed = 2\n[line]\ngian = 0.99\n").unwrap_err();
    assert!(
        unknown.contains(".toml:3: unknown field `gian`"),
        "{unknown}"
    );
    assert!(
        read("[voltage]\ngain = \"high\"\n")
            .unwrap_err()
            .contains(".toml:2: ")
    );
    assert!(
        read("[voltage]\ngain = 0.0\n\n")
            .unwrap_err()
            .contains("voltage.gain = 0")
    );
    assert!(Board::from_option(Some("random:x")).is_err());
    assert!(
        Board::from_option(Some("no-such-board.toml"))
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}

#[test]
fn random_boards_repeat_and_stay_in_their_spread() {
    assert_eq!(
        Board::random(5, &Spread::FACTORY),
        Board::random(5, &Spread::FACTORY)
    );
    for seed in 0..200 {
        let board = Board::random(seed, &Spread::FACTORY);
        board.check().unwrap();
        for sensor in board.sensors() {
            assert!((sensor.gain - 1.0).abs() <= 0.02 && sensor.phase_deg.abs() <= 0.5);
        }
        let crosstalk_db = board.converter.crosstalk_db.unwrap();
        assert!((-120.0..=-105.0).contains(&crosstalk_db));
    }
}
