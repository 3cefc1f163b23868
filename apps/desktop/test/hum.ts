/** Sounds that are made, so that none of somebody's lies here. */

/** So many seconds of a low note: 16 bits, one channel, 44,100 a second. */
export function hum(seconds: number): Buffer {
  const rate = 44_100
  const data = Buffer.alloc(seconds * rate * 2)
  for (let i = 0; i < data.length / 2; i += 1)
    data.writeInt16LE(Math.round(3000 * Math.sin((i * 2 * Math.PI * 110) / rate)), i * 2)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}
