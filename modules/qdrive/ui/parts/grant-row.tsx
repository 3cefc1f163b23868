import { Badge, Button, IconButton } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Grant } from '../logic/entry.ts'
import { formatMoment } from '../logic/format.ts'
import { nameOfDid } from '../logic/sharing.ts'

/** One permission: for whom, what, until when, how often it was used; and the way to take it back. */
export function GrantRow({
  grant,
  showsName = false,
  onOpen,
}: {
  readonly grant: Grant
  readonly showsName?: boolean
  readonly onOpen?: () => void
}): ReactNode {
  const { say, locale, people, sdk, actions } = useSurroundings()
  const [isAsked, setAsked] = useState(false)
  const who = nameOfDid(grant.with, people)
  const isStanding = grant.state === 'active'
  const rights = grant.rights.map((right) => say(`right.${right}` as 'right.read')).join(', ')
  const until =
    grant.untilMs === undefined
      ? say('grant.always')
      : say('grant.until', { time: formatMoment(grant.untilMs, locale) })
  const uses =
    grant.usesMax === undefined
      ? say('grant.used', { uses: grant.uses })
      : say('grant.used-of', { uses: grant.uses, max: grant.usesMax })
  const revoke = (): Promise<boolean> =>
    actions.attempt(async () => {
      await sdk.consent.revoke({ grant: grant.id })
      return { text: say('said.revoked', { who }), tone: 'plain' }
    })
  return (
    <li className="qd-grant" data-past={!isStanding}>
      <div className="qd-grant-text">
        <strong className="qd-clip">{showsName ? grant.name : who}</strong>
        {showsName && <span className="qd-about">{who}</span>}
        <span className="qd-about">
          {rights} · {until} · {uses}
        </span>
        {grant.purpose !== undefined && <span className="qd-about">“{grant.purpose}”</span>}
      </div>
      {!isStanding && <Badge>{say(`grant.${grant.state as 'revoked' | 'expired' | 'used-up'}`)}</Badge>}
      {onOpen !== undefined && isStanding && (
        <IconButton
          size="small"
          icon="folder"
          label={say('grant.show', { name: grant.name })}
          onPress={onOpen}
        />
      )}
      {isStanding &&
        (isAsked ? (
          <Button
            size="small"
            look="danger"
            autoFocus
            onBlur={() => setAsked(false)}
            onPress={() => void revoke()}
          >
            {say('act.revoke-sure')}
          </Button>
        ) : (
          <Button
            size="small"
            look="outline"
            aria-label={say('act.revoke-of', { who })}
            onPress={() => setAsked(true)}
          >
            {say('act.revoke')}
          </Button>
        ))}
      {grant.state === 'revoked' && (
        <Button
          size="small"
          look={isAsked ? 'danger' : 'outline'}
          {...(isAsked ? {} : { 'aria-label': say('act.reseal-of', { name: grant.name, who }) })}
          onBlur={() => setAsked(false)}
          onPress={() => {
            if (isAsked) void actions.revokeHard(grant, who)
            setAsked(!isAsked)
          }}
        >
          {say(isAsked ? 'act.reseal-sure' : 'act.reseal')}
        </Button>
      )}
    </li>
  )
}
