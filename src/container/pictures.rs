//! Which parts of a document are pictures: thumbnails, photographs, drawings. They hold no text that could be read.

/// How many bytes tell.
pub(super) const HEAD: usize = 44;

/// First bytes of pictures.
const MAGIC: &[&[u8]] = &[
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"II\xbc\x01",
    b"\xd7\xcd\xc6\x9a",
    b"\0\0\x01\0\x01\0",
    b"\0\0\0\x0cjP  \r\n\x87\n",
];

/// Whether a file that begins like this is a picture.
pub(super) fn is_picture(head: &[u8]) -> bool {
    let at = |i: usize, what: &[u8]| head.get(i..).is_some_and(|h| h.starts_with(what));
    MAGIC.iter().any(|m| head.starts_with(m))
        // Names are given behind the lengths.
        || at(0, b"RIFF") && at(8, b"WEBP")
        || at(0, b"\x01\0\0\0") && at(40, b" EMF")
        || at(0, b"BM") && at(6, &[0; 4]) && at(15, &[0; 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_from_text_and_data() {
        let emf = [&[1, 0, 0, 0][..], &[9; 36], b" EMF"].concat();
        let bmp = b"BM\x36\x10\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";
        for (head, want) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], true),
            (b"\xff\xd8\xff\xe0", true),
            (b"GIF89a..", true),
            (b"RIFF\x10\0\0\0WEBPVP8 ", true),
            (b"RIFF\x10\0\0\0WAVE", false),
            (&emf, true),
            (bmp, true),
            (b"BM is a make of cars, said Ann.", false),
            (b"<?xml version=\"1.0\"?><svg/>", false),
            (b"II am", false),
            (b"", false),
        ] {
            assert_eq!(is_picture(head), want, "{head:?}");
        }
    }
}
