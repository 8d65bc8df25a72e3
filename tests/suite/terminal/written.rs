//! Terminal output byte by byte: text and the sequences that the screen itself uses. Anything else comes from an image.

/// An element of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// `ESC [` and the rest.
    Csi(String),
    /// `ESC ]` and the rest.
    Osc(String),
    /// A control character, another escape, or a byte that is not UTF-8.
    Other(String),
}

fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let text = String::from_utf8_lossy(bytes);
    let mut letters = text.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(letter) = letters.next() {
        let piece = match letter {
            '\x1b' => match letters.next() {
                Some('[') => {
                    let mut sequence = String::new();
                    for letter in letters.by_ref() {
                        sequence.push(letter);
                        if ('@'..='~').contains(&letter) {
                            break;
                        }
                    }
                    Piece::Csi(sequence)
                }
                Some(']') => {
                    let mut command = String::new();
                    for letter in letters.by_ref() {
                        command.push(letter);
                        if letter == '\x07' || command.ends_with("\x1b\\") {
                            break;
                        }
                    }
                    Piece::Osc(command)
                }
                other => Piece::Other(format!("ESC {other:?}")),
            },
            '\u{fffd}' => Piece::Other("no UTF-8".to_owned()),
            letter if letter.is_control() => Piece::Other(format!("{letter:?}")),
            letter => Piece::Letter(letter),
        };
        pieces.push(piece);
    }
    pieces
}

/// Whether the screen itself uses the sequence: screen, cursor and mouse modes, position, style, kitty protocol.
fn is_own(sequence: &str) -> bool {
    const MODES: [&str; 8] = ["?1049", "?1000", "?1002", "?1003", "?1015", "?1006", "?2004", "?25"];
    let (parameters, end) = sequence.split_at(sequence.len() - 1);
    let numbers = parameters.chars().all(|letter| letter.is_ascii_digit() || letter == ';' || letter == ':');
    match end {
        "h" | "l" => MODES.contains(&parameters),
        "H" => numbers && parameters.contains(';'),
        "m" => numbers,
        "J" => parameters == "2",
        "u" => [">1", "<1"].contains(&parameters),
        // The query for the device attributes.
        "c" => parameters.is_empty(),
        _ => false,
    }
}

/// Characters that reverse, break or are invisible in a line.
fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Output that is not from the screen itself.
pub(super) fn foreign(bytes: &[u8]) -> Vec<String> {
    let mut foreign = Vec::new();
    for piece in pieces(bytes) {
        match piece {
            Piece::Letter(letter) if is_hidden(letter) => foreign.push(format!("{letter:?}")),
            Piece::Csi(sequence) if sequence.is_empty() || !is_own(&sequence) => {
                foreign.push(format!("ESC [ {sequence:?}"));
            }
            Piece::Osc(command) if !command.starts_with("52;c;") && command != "11;?\x1b\\" => {
                foreign.push(format!("ESC ] {command:?}"));
            }
            Piece::Other(what) => foreign.push(what),
            Piece::Letter(_) | Piece::Csi(_) | Piece::Osc(_) => {}
        }
    }
    foreign
}

/// Whether any colour was set: 30 to 49 or 90 to 107, except the two resets.
pub(super) fn has_colours(bytes: &[u8]) -> bool {
    let sets = |sequence: &str| {
        let codes = sequence.strip_suffix('m').into_iter().flat_map(|codes| codes.split(';'));
        let codes = codes.filter_map(|code| code.split(':').next()?.parse::<u8>().ok());
        codes.into_iter().any(|code| matches!(code, 30..=38 | 40..=48 | 90..=107))
    };
    pieces(bytes).iter().any(|piece| matches!(piece, Piece::Csi(sequence) if sets(sequence)))
}

#[test]
fn foreign_sequences_are_recognised() {
    let own = b"\x1b[?1049h\x1b[2J\x1b[3;4H\x1b[38;5;75mbin \xe2\x94\x80\x1b[0m\x1b[>1u\x1b]52;c;L2Jpbg==\x1b\\\
        \x1b]11;?\x1b\\\x1b[c";
    assert_eq!(foreign(own), [""; 0]);
    assert!(has_colours(own) && !has_colours(b"\x1b[39;49;1;7m"));
    for other in [
        &b"\x1b]0;title\x07"[..],
        b"\x1b[6n",
        b"\x07",
        b"\r\n",
        b"\x9b",
        "\u{9b}".as_bytes(),
        b"\x1bc",
        b"\x1b]11;#ffffff\x07",
        b"\x1b[>c",
        "\u{202e}".as_bytes(),
    ] {
        assert_ne!(foreign(other), [""; 0], "{other:?}");
    }
}
