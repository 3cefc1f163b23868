import type { ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { Button, IconButton } from './button.tsx'

export type DialogProps = {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly title: string
  /** The name of the button that closes it, for those who hear it. */
  readonly closeLabel: string
  readonly width?: 'normal' | 'wide'
  readonly children: ReactNode
  /** Buttons: the way out first, the deed last. */
  readonly foot?: ReactNode
}

/** Asks for something before going on. Escape and a press outside close it, and nothing was done. */
export function Dialog({
  isOpen,
  onClose,
  title,
  closeLabel,
  width = 'normal',
  children,
  foot,
}: DialogProps): ReactNode {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
      className="aq-veil"
    >
      <Modal className="aq-modal" data-width={width}>
        <AriaDialog className="aq-dialog">
          <div className="aq-dialog-head">
            <Heading slot="title">{title}</Heading>
            <IconButton size="small" icon="close" label={closeLabel} onPress={onClose} />
          </div>
          <div className="aq-dialog-body">{children}</div>
          {foot !== undefined && <div className="aq-dialog-foot">{foot}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

export type AlertDialogProps = {
  readonly isOpen: boolean
  readonly title: string
  readonly children: ReactNode
  /** What will happen, as a verb: "Delete", never "OK". */
  readonly act: string
  readonly cancel: string
  readonly isDanger?: boolean
  readonly onAct: () => void
  readonly onCancel: () => void
}

/** Interrupts for what cannot be undone. Only its buttons and Escape end it; the safe one has the focus. */
export function AlertDialog({
  isOpen,
  title,
  children,
  act,
  cancel,
  isDanger = false,
  onAct,
  onCancel,
}: AlertDialogProps): ReactNode {
  return (
    <ModalOverlay isOpen={isOpen} onOpenChange={(open) => !open && onCancel()} className="aq-veil">
      <Modal className="aq-modal">
        <AriaDialog role="alertdialog" className="aq-dialog">
          <Heading slot="title">{title}</Heading>
          <div className="aq-dialog-body">{children}</div>
          <div className="aq-dialog-foot">
            <Button autoFocus onPress={onCancel}>
              {cancel}
            </Button>
            <Button look={isDanger ? 'danger' : 'accent'} onPress={onAct}>
              {act}
            </Button>
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}
