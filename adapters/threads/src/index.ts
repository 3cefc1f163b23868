/** Compressing, sealing and opening on worker threads, behind the flows' `Sealer` port. */
export { createThreadSealer, type ThreadSealerOptions } from './thread-sealer.ts'
