import { Badge, type Say, Switch } from '@anarq/design'
import type { AppPermission } from '@anarq/sdk'
import type { ReactNode } from 'react'
import type { MessageKey } from './messages.ts'
import { isFar, meaningOf } from './permissions.ts'

export type PermissionListProps = {
  readonly say: Say<MessageKey>
  readonly permissions: readonly AppPermission[]
  readonly isOn: (id: string) => boolean
  readonly onChange: (id: string, isOn: boolean) => void
  readonly isDisabled?: boolean
}

/** Each in the system's words, with the publisher's reason as a quotation: the one can be believed, the other is a claim. */
export function PermissionList(props: PermissionListProps): ReactNode {
  const { say, permissions, isOn, onChange, isDisabled = false } = props
  return (
    <ul className="store-permissions">
      {permissions.map((one) => (
        <li key={one.id}>
          <Switch
            isSelected={isOn(one.id)}
            isDisabled={isDisabled}
            onChange={(isAllowed) => onChange(one.id, isAllowed)}
          >
            <span className="store-permission">
              <strong>
                {meaningOf(say, one)} {isFar(one.id) && <Badge tone="warning">{say('review.far')}</Badge>}
              </strong>
              <q>{one.why}</q>
            </span>
          </Switch>
        </li>
      ))}
    </ul>
  )
}
