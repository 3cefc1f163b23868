import { Note } from '@anarq/design'
import type { ReactNode } from 'react'

/** What the node said, as it said it. */
export function Problem({ children }: { readonly children: string | undefined }): ReactNode {
  return (
    <div role="alert">
      {children !== undefined && (
        <Note tone="danger" icon="alert">
          {children}
        </Note>
      )}
    </div>
  )
}
