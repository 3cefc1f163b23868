import { Button, Group, PageHead, shortAddress, TextField } from '@anarq/design'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { CardOf } from './card-of.tsx'

/** One's own card to give, and somebody's to take in. */
export function Cards(): ReactNode {
  const { say, identities } = useSurroundings()
  const current = identities.value?.find(({ isCurrent }) => isCurrent)
  return (
    <>
      <PageHead title={say('cards.title')} text={say('cards.text')} />
      {current !== undefined && (
        <CardOf
          identity={current}
          title={say('card.own.title')}
          text={say('card.own.text', { name: current.name })}
        />
      )}
      <Learn />
    </>
  )
}

function Learn(): ReactNode {
  const { sdk, say, deed, window } = useSurroundings()
  const [card, setCard] = useState('')
  const [isTried, setTried] = useState(false)
  const isCard = card.trim().startsWith('anarq-card-')
  const learn = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if (!isCard) return
    const learned = await deed.run(() => sdk.identity.learn({ card: card.trim() }))
    if (learned === undefined) return
    setCard('')
    setTried(false)
    window.notify({ title: say('learn.done', { did: shortAddress(learned.did) }), tone: 'success' })
  }
  return (
    <Group title={say('learn.title')} text={say('learn.text')}>
      <form className="identity-form" onSubmit={(event) => void learn(event)}>
        <TextField
          label={say('learn.label')}
          hint={say('learn.hint')}
          error={isTried && !isCard ? say('learn.wrong') : undefined}
          rows={3}
          maxLength={100_000}
          value={card}
          onChange={setCard}
          spellCheck="false"
          autoComplete="off"
        />
        <div className="aq-acts">
          <Button look="accent" type="submit" isPending={deed.isBusy} isDisabled={card.trim() === ''}>
            {say('learn.act')}
          </Button>
        </div>
      </form>
    </Group>
  )
}
