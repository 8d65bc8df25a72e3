//! Input as terminals send it: keys as xterm, the mouse as SGR reports.

/// The bytes of a key, named as in the configuration.
pub(super) fn bytes(key: &str) -> Vec<u8> {
    if let Some(rest) = key.strip_prefix("alt+") {
        return [vec![0x1b], bytes(rest)].concat();
    }
    if let Some(rest) = key.strip_prefix("ctrl+") {
        return vec![match rest {
            "space" => 0,
            "slash" => 0x1f,
            "backslash" => 0x1c,
            letter => letter.bytes().next().unwrap() & 0x1f,
        }];
    }
    let sequence = match key {
        "up" => "\x1b[A",
        "down" => "\x1b[B",
        "right" => "\x1b[C",
        "left" => "\x1b[D",
        "home" => "\x1b[H",
        "end" => "\x1b[F",
        "insert" => "\x1b[2~",
        "delete" => "\x1b[3~",
        "pgup" => "\x1b[5~",
        "pgdn" => "\x1b[6~",
        "f1" => "\x1bOP",
        "f2" => "\x1bOQ",
        "f5" => "\x1b[15~",
        "shift+tab" => "\x1b[Z",
        "tab" => "\t",
        "enter" => "\r",
        "esc" => "\x1b",
        "backspace" => "\x7f",
        "space" => " ",
        "slash" => "/",
        letter => {
            assert_eq!(letter.chars().count(), 1, "unknown key {letter}");
            letter
        }
    };
    sequence.as_bytes().to_vec()
}

/// A mouse event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mouse {
    Press,
    Drag,
    Release,
    WheelUp,
    WheelDown,
}

/// Its report at a cell, counted from 0.
pub(super) fn mouse(what: Mouse, (column, row): (u16, u16)) -> Vec<u8> {
    let (button, end) = match what {
        Mouse::Press => (0, 'M'),
        Mouse::Release => (0, 'm'),
        Mouse::Drag => (32, 'M'),
        Mouse::WheelUp => (64, 'M'),
        Mouse::WheelDown => (65, 'M'),
    };
    format!("\x1b[<{button};{};{}{end}", column + 1, row + 1).into_bytes()
}
