import type { ReactNode } from 'react'

export type MarkProps = {
  /** How far the ring is drawn, 0 to 1. At 1 the stroke crosses it, and the ring is a Q. */
  readonly progress?: number
  readonly size?: number
}

const circumference = 2 * Math.PI * 17

/** The mark: a ring that nobody closes, and the stroke that makes it a Q. */
export function Mark({ progress = 1, size = 32 }: MarkProps): ReactNode {
  const drawn = circumference * 0.84 * Math.max(0.04, Math.min(1, progress))
  return (
    <svg
      className="aq-mark"
      viewBox="0 0 48 48"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <g fill="none" stroke="currentColor" strokeWidth="5.5" strokeLinecap="round">
        {progress < 1 && <circle cx="24" cy="24" r="17" opacity="0.14" />}
        <circle
          className="aq-mark-ring"
          cx="24"
          cy="24"
          r="17"
          transform="rotate(74 24 24)"
          strokeDasharray={`${drawn} ${circumference}`}
        />
        <path className="aq-mark-stroke" d="m30.5 30.5 10 10" opacity={progress >= 1 ? 1 : 0} />
      </g>
      <circle cx="24" cy="24" r="3.4" fill="currentColor" />
    </svg>
  )
}

/** The name beside the mark. */
export function Wordmark({ size = 28 }: { readonly size?: number }): ReactNode {
  return (
    <span className="aq-wordmark">
      <Mark size={size} />
      <span>
        Anar<b>Q</b>
      </span>
    </span>
  )
}
