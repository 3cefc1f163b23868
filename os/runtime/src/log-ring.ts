import type { LogLevel } from './protocol.ts'

export type LogLine = { readonly atMs: number; readonly level: LogLevel; readonly text: string }

export type LogRing = { add(line: LogLine): void; lines(): readonly LogLine[] }

/** Keeps the last lines; each counts its characters and a little more. */
export function createLogRing(bytesMax: number): LogRing {
  const lines: LogLine[] = []
  let bytes = 0
  return {
    add(line) {
      lines.push(line)
      bytes += sizeOf(line)
      while (bytes > bytesMax && lines.length > 0) bytes -= sizeOf(lines.shift() as LogLine)
    },
    lines: () => [...lines],
  }
}

const lineExtraBytes = 32

function sizeOf({ text }: LogLine): number {
  return text.length + lineExtraBytes
}
