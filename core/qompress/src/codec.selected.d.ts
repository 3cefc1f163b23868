import type { Codec } from './codec.ts'

/** What `#codec` gives: the implementation for this platform. */
export declare const codec: Codec
