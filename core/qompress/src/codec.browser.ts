import { Fault } from '@anarq/fault'
import type { Codec } from './codec.ts'

/** Browsers have no synchronous zstd: frames are stored as they are, and opening a compressed one needs the port. */
export const codec: Codec = {
  name: 'none',
  compress: () => undefined,
  decompress() {
    throw new Fault(
      'unavailable.codec',
      'This browser has no zstd decoder, so this compressed frame cannot be opened here. Hand one to openFrame as `decompress`, or open the file through your node.',
    )
  },
}
