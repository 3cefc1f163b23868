import { Button, copyText, Group, Note, Skeleton, saveFile, TextField, useAsked } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { type Identity, useSurroundings } from '../context.ts'

type CardOfProps = {
  readonly identity: Pick<Identity, 'did' | 'name'>
  readonly title: string
  readonly text: string
}

/** A card to look at, to copy, and to keep as a file. */
export function CardOf({ identity: { did, name }, title, text }: CardOfProps): ReactNode {
  const { sdk, say, events, window } = useSurroundings()
  const show = useCallback(() => sdk.identity.show({ ref: did }), [sdk, did])
  const { value, problem } = useAsked(show, events, 'identity')
  const copy = (card: string): void => {
    copyText(card).then(
      () => window.notify({ title: say('card.copied'), tone: 'success' }),
      () => window.notify({ title: say('failed'), text: say('card.copy.failed'), tone: 'warning' }),
    )
  }
  return (
    <Group title={title} text={text}>
      {problem !== undefined && value === undefined && (
        <Note tone="danger" icon="alert">
          {problem.sentence}
        </Note>
      )}
      {value === undefined ? (
        problem === undefined && <Skeleton height={72} />
      ) : (
        <>
          <div className="identity-card">
            <TextField label={say('card.label', { name })} rows={3} value={value.card} isReadOnly />
          </div>
          <div className="aq-acts">
            <Button icon="copy" onPress={() => copy(value.card)}>
              {say('card.copy')}
            </Button>
            <Button
              icon="download"
              onPress={() => saveFile(`${fileName(name)}.card`, value.card, 'text/plain')}
            >
              {say('card.save')}
            </Button>
          </div>
        </>
      )}
    </Group>
  )
}

function fileName(name: string): string {
  return (
    name
      .replace(/[^\p{L}\p{N} ._-]/gu, '')
      .slice(0, 60)
      .trim() || 'identity'
  )
}
