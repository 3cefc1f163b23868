import {
  AlertDialog,
  AppIcon,
  Avatar,
  Badge,
  Breadcrumbs,
  Button,
  Checkbox,
  Dialog,
  EmptyState,
  FileText,
  Icon,
  IconButton,
  type IconName,
  icons,
  List,
  Menu,
  Meter,
  Note,
  PasswordField,
  ProgressBar,
  RadioGroup,
  SearchField,
  Select,
  Sidebar,
  Skeleton,
  Slider,
  Switch,
  Table,
  Tabs,
  TextField,
  TileGrid,
  Toast,
  Toolbar,
  ToolbarSpace,
} from '@anarq/design'
import { type ReactNode, useState } from 'react'

const surfaces = [
  'canvas',
  'surface',
  'raised',
  'sunken',
  'fill',
  'fill-hover',
  'line',
  'line-strong',
  'accent',
  'accent-soft',
  'danger',
  'danger-soft',
  'warning-soft',
  'success-soft',
]
const types = ['display', 'heading', 'title', 'lead', 'label', 'body', 'caption']
const files = [
  { id: '1', name: 'Letters', kind: 'Folder', size: '–', icon: 'folder' as IconName },
  { id: '2', name: 'Notes on the engine.md', kind: 'Text', size: '14 KB', icon: 'file-text' as IconName },
  { id: '3', name: 'Portrait.jpg', kind: 'Picture', size: '2.1 MB', icon: 'image' as IconName },
]
const ignore = (): void => undefined

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <section className="specimen">
      <h2>{title}</h2>
      <div className="specimen-row">{children}</div>
    </section>
  )
}

export function Colours(): ReactNode {
  return (
    <>
      <Part title="Colour">
        {surfaces.map((name) => (
          <figure key={name} className="swatch">
            <span style={{ background: `var(--aq-${name})` }} />
            <figcaption>{name}</figcaption>
          </figure>
        ))}
      </Part>
      <Part title="Type">
        <div className="specimen-stack">
          {types.map((name) => (
            <p key={name} style={{ font: `var(--aq-${name})` }}>
              {name}: the analytical engine weaves
            </p>
          ))}
        </div>
      </Part>
    </>
  )
}

export function Verbs(): ReactNode {
  const [open, setOpen] = useState<'dialog' | 'alert'>()
  const close = (): void => setOpen(undefined)
  return (
    <Part title="Verbs">
      <Button look="accent">Share</Button>
      <Button>Plain</Button>
      <Button look="outline" icon="upload">
        Upload
      </Button>
      <Button look="quiet">Quiet</Button>
      <Button look="danger" icon="trash">
        Erase
      </Button>
      <Button isDisabled>Disabled</Button>
      <Button look="accent" isPending>
        Pending
      </Button>
      <Button size="small">Small</Button>
      <IconButton icon="more" label="More" />
      <Menu
        label="File"
        entries={[
          { id: 'open', label: 'Open', icon: 'play', keys: 'Enter' },
          { id: 'rename', label: 'Rename', icon: 'edit' },
          'separator',
          { id: 'trash', label: 'Move to the trash', icon: 'trash', tone: 'danger' },
        ]}
        onAct={ignore}
      >
        <Button look="outline">Menu</Button>
      </Menu>
      <Button look="outline" onPress={() => setOpen('dialog')}>
        Dialog
      </Button>
      <Button look="outline" onPress={() => setOpen('alert')}>
        Alert
      </Button>
      <Dialog
        isOpen={open === 'dialog'}
        onClose={close}
        title="Share “Letters”"
        closeLabel="Close"
        foot={<Button look="accent">Share</Button>}
      >
        <TextField label="With whom" placeholder="A name or a DID" />
      </Dialog>
      <AlertDialog
        isOpen={open === 'alert'}
        title="Erase it for good?"
        act="Erase"
        cancel="Keep it"
        isDanger
        onAct={close}
        onCancel={close}
      >
        The keys go too: nobody can bring it back.
      </AlertDialog>
    </Part>
  )
}

export function Fields(): ReactNode {
  const [passphrase, setPassphrase] = useState('copper meadow tram')
  return (
    <Part title="Fields">
      <TextField label="Name" hint="As others see it." defaultValue="Ada" />
      <TextField label="Name" error="Somebody has this name. Choose another." defaultValue="Ada" />
      <PasswordField
        label="Passphrase"
        value={passphrase}
        onChange={setPassphrase}
        words={{ show: 'Show', hide: 'Hide' }}
        strength={{
          label: 'Hard to guess',
          weak: 'easy',
          fair: 'not enough',
          good: 'hard',
          strong: 'very hard',
        }}
      />
      <SearchField label="Search files" />
      <TextField label="Note" rows={3} />
      <FileText label="The guardian’s file" choose="Choose the file" value="" onChange={ignore} />
    </Part>
  )
}

export function Choices(): ReactNode {
  const [kind, setKind] = useState('read')
  const options = [
    { value: 'read', label: 'Read', hint: 'Open it, not change it.' },
    { value: 'write', label: 'Change', hint: 'Open it and put new versions.' },
  ]
  return (
    <Part title="Choices">
      <Checkbox defaultSelected>Keep both</Checkbox>
      <Checkbox isIndeterminate>Some</Checkbox>
      <Switch defaultSelected>Follow the system</Switch>
      <RadioGroup label="Right" options={options} value={kind} onChange={setKind} />
      <Select label="Right" options={options} value={kind} onChange={setKind} />
      <Slider label="Uses" defaultValue={3} minValue={1} maxValue={10} />
    </Part>
  )
}

export function Feedback(): ReactNode {
  return (
    <Part title="Feedback">
      <ProgressBar label="Storing 12 files" value={0.42} />
      <ProgressBar label="Making keys" />
      <Meter label="Storage" value={0.82} text="82 of 100 GB" tone="warning" />
      <div className="specimen-inline">
        <Badge>Private</Badge>
        <Badge tone="accent">New</Badge>
        <Badge tone="success" icon="check">
          Verified
        </Badge>
        <Badge tone="warning" icon="clock">
          Ends today
        </Badge>
        <Badge tone="danger" icon="alert">
          Revoked
        </Badge>
        <Avatar name="Ada" seed="did:ada" />
        <Avatar name="Guild" seed="did:guild" kind="organisation" />
        <Avatar name="Nobody" seed="did:n" kind="anonymous" />
        <Skeleton width={120} />
      </div>
      <Note tone="warning" icon="alert">
        What somebody has read cannot be unread.
      </Note>
      <Toast
        title="Stored"
        text="“Portrait.jpg” is in Letters."
        tone="success"
        closeLabel="Close"
        onClose={ignore}
      />
      <EmptyState icon="folder" title="Nothing here yet" acts={<Button look="accent">Upload files</Button>}>
        Drag files here, or choose some. They are encrypted before they are stored.
      </EmptyState>
    </Part>
  )
}

export function Collections(): ReactNode {
  const items = files.map(({ id, name, icon }) => ({ id, label: name, icon }))
  const [place, setPlace] = useState('1')
  return (
    <Part title="Collections">
      <div className="specimen-wide">
        <Toolbar aria-label="Files">
          <Breadcrumbs
            label="Where"
            path={[
              { id: '/', label: 'Drive' },
              { id: '/letters', label: 'Letters' },
            ]}
            onGo={ignore}
          />
          <ToolbarSpace />
          <IconButton icon="grid" label="Grid" />
          <IconButton icon="list" label="List" />
        </Toolbar>
        <Table
          label="Files"
          items={files}
          onSelect={ignore}
          columns={[
            {
              id: 'name',
              label: 'Name',
              isSortable: true,
              cell: ({ name, icon }) => (
                <span className="aq-cell-main">
                  <Icon name={icon} />
                  {name}
                </span>
              ),
            },
            { id: 'kind', label: 'Kind', cell: ({ kind }) => kind },
            { id: 'size', label: 'Size', cell: ({ size }) => size },
          ]}
        />
      </div>
      <Sidebar label="Places" items={items} selected={place} onSelect={setPlace} />
      <List label="Files" items={items} />
      <div className="specimen-wide">
        <TileGrid
          label="Files"
          items={files}
          nameOf={({ name }) => name}
          selectionMode="multiple"
          tile={({ name, icon }) => (
            <>
              <AppIcon icon={icon} />
              {name}
            </>
          )}
        />
      </div>
      <Tabs
        label="Views"
        tabs={[
          { id: 'a', label: 'Given', content: 'What I allowed.' },
          { id: 'b', label: 'Received', content: 'What was allowed to me.' },
        ]}
      />
    </Part>
  )
}

export function Icons(): ReactNode {
  return (
    <>
      <Part title="App icons">
        {(
          [
            ['folder', 190],
            ['identity', 262],
            ['consent', 330],
            ['guardian', 40],
            ['store', 150],
            ['settings', 232],
            ['chat', 120],
            ['mail', 210],
            ['wallet', 75],
          ] as const
        ).map(([icon, hue]) => (
          <AppIcon key={icon} icon={icon} hue={hue} size={60} />
        ))}
      </Part>
      <Part title="Icons">
        {(Object.keys(icons) as IconName[]).map((name) => (
          <figure key={name} className="icon-specimen">
            <Icon name={name} />
            <figcaption>{name}</figcaption>
          </figure>
        ))}
      </Part>
    </>
  )
}
