import { memo, type ReactNode } from 'react'

/** Open rings around a place outside the picture, and the neighbourhood of five by five: drawn, not loaded. */
export const Wallpaper: React.NamedExoticComponent = memo(function Wallpaper(): ReactNode {
  return (
    <div className="wallpaper" aria-hidden="true">
      <svg role="presentation" viewBox="0 0 1600 1000" preserveAspectRatio="xMidYMid slice" focusable="false">
        <g className="wallpaper-rings">
          {rings.map(({ r, dash, turn, width, strength }) => (
            <circle
              key={r}
              cx="1190"
              cy="640"
              r={r}
              strokeWidth={width}
              strokeDasharray={dash}
              transform={`rotate(${turn} 1190 640)`}
              opacity={strength}
            />
          ))}
          <path d="m1371 821 128 128" strokeWidth="54" opacity="0.5" />
        </g>
        <g className="wallpaper-dots">
          {dots.map(({ x, y, r, strength }) => (
            <circle key={`${x} ${y}`} cx={x} cy={y} r={r} opacity={strength} />
          ))}
        </g>
      </svg>
    </div>
  )
})

const rings = [
  { r: 256, dash: arc(256, 0.84), turn: 76, width: 54, strength: 0.5 },
  { r: 372, dash: arc(372, 0.7), turn: 148, width: 2, strength: 0.75 },
  { r: 470, dash: arc(470, 0.52), turn: 205, width: 26, strength: 0.2 },
  { r: 596, dash: arc(596, 0.6), turn: 120, width: 1.5, strength: 0.6 },
  { r: 742, dash: arc(742, 0.42), turn: 188, width: 14, strength: 0.16 },
  { r: 910, dash: arc(910, 0.5), turn: 150, width: 1.5, strength: 0.42 },
]

const dots = Array.from({ length: 25 }, (_, index) => {
  const [column, row] = [index % 5, Math.floor(index / 5)]
  const away = Math.hypot(column - 2, row - 2)
  return {
    x: 1190 + (column - 2) * 52,
    y: 640 + (row - 2) * 52,
    r: away === 0 ? 13 : 5.5 - away,
    strength: away === 0 ? 1 : 0.78 - away * 0.16,
  }
})

function arc(r: number, part: number): string {
  const whole = 2 * Math.PI * r
  return `${(whole * part).toFixed(0)} ${whole.toFixed(0)}`
}
