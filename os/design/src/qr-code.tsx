import type { ReactNode } from 'react'
import { encode } from 'uqr'

export type QrCodeProps = {
  /** Up to a few hundred letters: more than a camera reads at once is no use. */
  readonly text: string
  /** What it is, for those who do not see it. */
  readonly label: string
}

/** A QR code, dark on light in every appearance: cameras want it so. */
export function QrCode({ text, label }: QrCodeProps): ReactNode {
  const { data, size } = encode(text, { ecc: 'L', border: 3 })
  const dots = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return (
    <svg className="aq-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <path d={dots.join('')} shapeRendering="crispEdges" />
    </svg>
  )
}
