//! The background of the terminal, which decides between the dark and the light theme: the query for it (OSC 11), the
//! response, and the variable `COLORFGBG`.

/// The brightness of the terminal's background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Light text is readable on it.
    Dark,
    /// Dark text is readable on it.
    Light,
}

/// Asks for the background colour and then for the device attributes. All terminals respond to the second query, so a
/// terminal that responds to it alone does not know the first.
#[cfg(unix)]
pub(super) const BACKGROUND_QUERY: &str = "\x1b]11;?\x1b\\\x1b[c";

/// A response of the terminal to [`BACKGROUND_QUERY`].
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TerminalReply {
    /// The background.
    Background(Background),
    /// The device attributes, the last response.
    Attributes,
}

impl Background {
    /// Reads `COLORFGBG`: foreground and background of the sixteen colours, such as `15;0` or `0;default;15`.
    pub(super) fn of_variable(value: &str) -> Option<Self> {
        match value.rsplit(';').next()?.parse::<u8>().ok()? {
            7 | 9.. => Some(Self::Light),
            _ => Some(Self::Dark),
        }
    }

    /// Reads the colour of a response: `rgb:RRRR/GGGG/BBBB`, `rgba:` with a fourth part, or `#RRGGBB`. Each part has one
    /// to four hexadecimal digits.
    #[cfg(unix)]
    pub(super) fn of_colour(text: &str) -> Option<Self> {
        let parts: Vec<&str> = match text.strip_prefix('#') {
            Some(digits) if digits.is_ascii() && digits.len() % 3 == 0 => {
                let part = digits.len() / 3;
                (0..3).filter_map(|at| digits.get(at * part..(at + 1) * part)).collect()
            }
            Some(_) => return None,
            None => text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?.split('/').collect(),
        };
        let share = |part: &&str| {
            let digits = u32::try_from(part.len()).ok().filter(|digits| (1..=4).contains(digits))?;
            // `from_str_radix` also accepts a sign.
            let value =
                u16::from_str_radix(part, 16).ok().filter(|_| part.starts_with(|c: char| c.is_ascii_hexdigit()))?;
            Some(f64::from(value) / f64::from(16_u32.pow(digits) - 1))
        };
        let shares: Vec<f64> = parts.iter().map(share).collect::<Option<_>>()?;
        let [red, green, blue] = *shares.get(..3)? else { return None };
        // The luma of ITU-R BT.601: the eye is most sensitive to green.
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        Some(if luma > 0.5 { Self::Light } else { Self::Dark })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_one_of_sixteen_colours() {
        for (value, background) in [
            ("15;0", Some(Background::Dark)),
            ("0;default;15", Some(Background::Light)),
            ("0;7", Some(Background::Light)),
            ("0;8", Some(Background::Dark)),
            ("default", None),
            ("", None),
        ] {
            assert_eq!(Background::of_variable(value), background, "{value}");
        }
    }

    #[test]
    fn a_colour_is_light_or_dark() {
        for (colour, background) in [
            ("rgb:0000/0000/0000", Some(Background::Dark)),
            ("rgb:ffff/ffff/ffff", Some(Background::Light)),
            ("rgb:fd/f6/e3", Some(Background::Light)),
            ("rgba:1e1e/1e1e/2e2e/ffff", Some(Background::Dark)),
            ("rgb:0/f/0", Some(Background::Light)),
            ("#0000ff", Some(Background::Dark)),
            ("#fff", Some(Background::Light)),
            ("rgb:00/00", None),
            ("rgb:00000/0/0", None),
            ("rgb:gg/00/00", None),
            ("rgb:+f/00/00", None),
            ("#ü00", None),
            ("red", None),
            ("", None),
        ] {
            assert_eq!(Background::of_colour(colour), background, "{colour}");
        }
    }
}
