import type { Primitives } from './primitives.ts'

/** What `#primitives` gives: the implementation for this platform. */
export declare const primitives: Primitives
