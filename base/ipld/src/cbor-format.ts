/** Major types and simple values of CBOR (RFC 8949 section 3) that DAG-CBOR has. */
export const unsignedMajor = 0
export const negativeMajor = 1
export const byteMajor = 2
export const textMajor = 3
export const arrayMajor = 4
export const mapMajor = 5
export const tagMajor = 6
export const falseByte = 0xf4
export const trueByte = 0xf5
export const nullByte = 0xf6
export const float64Byte = 0xfb
/** The one tag that DAG-CBOR has: a CID. */
export const linkTag = 42
/** So many arrays and maps may hold each other: a limit of ours, which keeps hostile bytes off the stack. */
export const depthMax = 128
