/** Compression and sealing on worker threads, behind the flows' `ChunkSealer` port. */
export { createThreadSealer, type ThreadSealerOptions } from './thread-sealer.ts'
