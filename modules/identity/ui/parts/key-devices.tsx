import { AlertDialog, Badge, Button, Group, Icon, Line, Lines } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { type Identity, useSurroundings } from '../context.ts'

/** The devices that hold keys of an identity. */
export function KeyDevices({ identity }: { readonly identity: Identity }): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const [asked, setAsked] = useState<{ id: string; name: string }>()
  const { did, name, devices } = identity
  // So it is called where it was made: the home knows no name for its machine.
  const nameOf = (device: { readonly name: string }): string =>
    device.name === 'this device' ? say('device.first') : device.name
  return (
    <Group title={say('keys.title', { name })} text={say(devices.length === 0 ? 'keys.none' : 'keys.text')}>
      {devices.length > 0 && (
        <Lines label={say('keys.list', { name })}>
          {devices.map((device) => (
            <Line
              key={device.id}
              lead={<Icon name="devices" />}
              title={nameOf(device)}
              isFaded={device.isRevoked}
              end={
                device.isRevoked ? (
                  <Badge>{say('keys.revoked')}</Badge>
                ) : (
                  <Button
                    size="small"
                    isDisabled={deed.isBusy}
                    aria-label={say('keys.revoke.named', { device: nameOf(device) })}
                    onPress={() => setAsked(device)}
                  >
                    {say('keys.revoke')}
                  </Button>
                )
              }
            />
          ))}
        </Lines>
      )}
      <AlertDialog
        isOpen={asked !== undefined}
        isDanger
        title={say('device.revoke.title', { device: asked === undefined ? '' : nameOf(asked) })}
        act={say('keys.revoke')}
        cancel={say('cancel')}
        onAct={() => {
          const device = asked?.id
          setAsked(undefined)
          if (device !== undefined) void deed.run(() => sdk.identity.revoke({ ref: did, device }))
        }}
        onCancel={() => setAsked(undefined)}
      >
        {say('device.revoke.text', { name })}
      </AlertDialog>
    </Group>
  )
}
