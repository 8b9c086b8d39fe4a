// Images: bytes of picture files to 8-bit pixels, and back.
//
//     bytes ─▶ PictureHeader ─▶ Picture ─▶ resized, cropped, flipped ─▶ values for a model
//                                  │
//     bytes ◀─ PNG ◀─ PictureGrid ◀┘   (labelled strips and X/Y plots)
//
// A format is recognised by content; each is a file in Formats/ and an entry of `PictureFormat.all`.
// Headers are read here, with every bound checked, before a decoder sees the file: the only module
// that imports CImages (libpng, libjpeg-turbo, libwebp). It knows nothing of data sets, models or
// devices.
