//! Converts owner and group ids: headers have 64 bits, files have 32.

/// The 32-bit id of a file whose header has `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The id itself. A negative one in two's complement: -2 is 4294967294.
    Kept(u32),
    /// Another id.
    Changed(u32),
}

impl Owner {
    /// Converts an id as `chown` does: it takes the lower 32 bits, and -1 leaves the owner unchanged, which is root.
    pub(super) const fn of(id: i64) -> Self {
        match id.cast_unsigned() as u32 {
            u32::MAX => Self::Changed(0),
            low if id == low as i64 || id == low.cast_signed() as i64 => Self::Kept(low),
            low => Self::Changed(low),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of Docker 20.10, Podman 4.3 and umoci 0.4.7.
    #[test]
    fn owners_equal_those_of_unpacked_files() {
        let cases = [
            (0, Owner::Kept(0)),
            (1000, Owner::Kept(1000)),
            (0x7fff_ffff, Owner::Kept(0x7fff_ffff)),
            (0xffff_fffe, Owner::Kept(0xffff_fffe)),
            (-2, Owner::Kept(0xffff_fffe)),
            (-0x8000_0000, Owner::Kept(0x8000_0000)),
            (-0x8000_0001, Owner::Changed(0x7fff_ffff)),
            (-1, Owner::Changed(0)),
            (0xffff_ffff, Owner::Changed(0)),
            (0x1_0000_0005, Owner::Changed(5)),
            (i64::MAX, Owner::Changed(0)),
            (i64::MIN, Owner::Changed(0)),
        ];
        for (id, owner) in cases {
            assert_eq!(Owner::of(id), owner, "{id}");
        }
    }
}
