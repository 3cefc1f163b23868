// For every process of a test: its modules are found as those of the command are, which is most of what starting it takes.
import { resolveFast } from '../adapters/threads/src/resolution.mjs'

resolveFast()
