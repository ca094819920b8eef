//! Copies of what nothing has written pass; uses do not.

use crate::chip::fault::FaultKind;
use crate::machine::tests::run_words;

/// MOV &2100h, R4: both bytes unknown.
const TAKE: [u16; 2] = [0x4214, 0x2100];

fn passes(words: &[&[u16]]) {
    let mut all = vec![&TAKE[..]];
    all.extend(words);
    if let Err(fault) = run_words(&all) {
        panic!("{words:04x?}: {fault}");
    }
}

fn faults(words: &[&[u16]]) {
    let mut all = vec![&TAKE[..]];
    all.extend(words);
    match run_words(&all) {
        Err(fault) => assert!(
            matches!(fault.kind, FaultKind::NeverWritten { .. }),
            "{words:04x?}: {fault}"
        ),
        Ok(()) => panic!("{words:04x?} passed"),
    }
}

/// MOV #3000h, SP.
const STACK: [u16; 2] = [0x4031, 0x3000];

#[test]
fn copies_pass() {
    passes(&[&[0x4482, 0x2200]]); // MOV R4, &2200h
    passes(&[&[0x4405, 0x4506, 0x4682, 0x2200]]); // through R5 and R6
    passes(&[&STACK, &[0x1204, 0x4135]]); // PUSH R4; POP R5
    passes(&[&[0x4292, 0x2102, 0x2202]]); // MOV &2102h, &2202h
    passes(&[&[0x1084, 0x4482, 0x2200]]); // SWPB R4 before
    passes(&[&[0x4304, 0x5404]]); // CLR R4; ADD R4, R4
    passes(&[&[0xE404, 0x5404]]); // XOR R4, R4; ADD R4, R4
}

#[test]
fn uses_fault() {
    faults(&[&[0x5405]]); // ADD R4, R5
    faults(&[&[0x5504]]); // ADD R5, R4
    faults(&[&[0x9304]]); // TST R4
    faults(&[&[0x4425]]); // MOV @R4, R5
    faults(&[&[0x4384, 0x0000]]); // MOV #0, 0(R4)
    faults(&[&[0x4400]]); // MOV R4, PC
    faults(&[&[0x1284]]); // CALL R4
    faults(&[&[0x1104]]); // RRA R4
    faults(&[&[0x4482, 0x04C0]]); // MOV R4, &MPY
    faults(&[&[0x4482, 0x2200], &[0x5216, 0x2200]]); // copied to 2200h, then ADD &2200h, R6
    faults(&[&[0x5382, 0x2100 - 0x2000 + 0x2004]]); // ADD #0, &2104h
    faults(&[&STACK, &[0x1204, 0x4135, 0x5505]]); // through the stack, then used
}

#[test]
fn bytes_are_told_apart() {
    // MOV.B #1, &2100h before; R4 takes the word, AND.B #-1 looks at the low byte only.
    let known_low = [0x43D2, 0x2100];
    assert!(run_words(&[&known_low, &TAKE, &[0xF374]]).is_ok());
    assert!(
        run_words(&[&known_low, &TAKE, &[0xF034, 0x00FF, 0x5404]]).is_ok(),
        "masked, then added"
    );
    assert!(run_words(&[&known_low, &TAKE, &[0xF034, 0xFF00]]).is_err());
    // MOV.B R4, R5 clears the high byte.
    assert!(run_words(&[&known_low, &TAKE, &[0x4445, 0x5505]]).is_ok());
}
