import type { ReactNode } from 'react'

/** A sentence that names options of a command, such as `--net`: they are not broken after their dashes. */
export function Flags({ children }: { readonly children: string }): ReactNode {
  return children.split(/(--[a-z]+)/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence stay where they are.
      <span key={index} className="aq-flag">
        {part}
      </span>
    ),
  )
}
