/**
 * The design system of AnarQ: tokens (`@anarq/design/tokens.css`), components on react-aria, one family of icons, and the
 * face that the screen of an app has. The stylesheet is `@anarq/design/design.css`; docs/design.md has the rules.
 */
export { shortAddress } from './address.ts'
export type {
  AppDefinition,
  AppEvents,
  AppNotice,
  AppProps,
  AppTheme,
  AppTopic,
  AppWindow,
  Preferences,
  PreferencesPort,
} from './app.ts'
export { type Asked, type Deed, type Problem, problemOf, useAsked, useDeed } from './asked.ts'
export {
  Button,
  type ButtonLook,
  type ButtonProps,
  type ButtonSize,
  IconButton,
  type IconButtonProps,
  Toolbar,
  ToolbarSpace,
} from './button.tsx'
export {
  Checkbox,
  type CheckboxProps,
  type ChoiceProps,
  type Option,
  RadioGroup,
  Segments,
  Slider,
  type SliderProps,
  Switch,
  type SwitchProps,
} from './choice.tsx'
export {
  List,
  type ListItem,
  type ListProps,
  Table,
  type TableColumn,
  type TableProps,
  TileGrid,
  type TileGridProps,
} from './collection.tsx'
export {
  CommandPalette,
  type CommandPaletteProps,
  type PaletteEntry,
  type PaletteGroup,
} from './command-palette.tsx'
export { copyText } from './copy-text.ts'
export { AlertDialog, type AlertDialogProps, Dialog, type DialogProps } from './dialog.tsx'
export { ErrorBoundary, type ErrorBoundaryProps } from './error-boundary.tsx'
export { Failure, type FailureProps } from './failure.tsx'
export { type FaultTexts, faultSentence } from './fault-sentence.ts'
export { FaultProvider, useFaultTexts } from './faults.tsx'
export {
  Avatar,
  type AvatarProps,
  Badge,
  type BadgeProps,
  EmptyState,
  type EmptyStateProps,
  Meter,
  type MeterProps,
  Note,
  type NoteProps,
  ProgressBar,
  type ProgressBarProps,
  Skeleton,
  type Tone,
} from './feedback.tsx'
export {
  PasswordField,
  type PasswordFieldProps,
  SearchField,
  type SearchFieldProps,
  type StrengthWords,
  TextField,
  type TextFieldProps,
} from './field.tsx'
export { FileChooser, type FileChooserProps, FileInput, type FileInputProps } from './file-chooser.tsx'
export { FileText, type FileTextProps } from './file-text.tsx'
export { Flags } from './flags.tsx'
export { createSurroundings, useNames, useNow } from './frame.ts'
export { AppIcon, type AppIconProps, Icon, type IconProps } from './icon.tsx'
export { type Drawing, type IconName, icons } from './icons.ts'
export { Mark, type MarkProps, Wordmark } from './mark.tsx'
export { ContextMenu, type ContextMenuProps, Menu, type MenuEntry, type MenuProps } from './menu.tsx'
export {
  createSay,
  type Locale,
  localeFor,
  locales,
  type Messages,
  placesOf,
  type Say,
  type Texts,
  type Values,
} from './messages.ts'
export { agoOf, dayOf, exactlyOf, momentOf } from './moment.ts'
export {
  Breadcrumbs,
  type BreadcrumbsProps,
  Sidebar,
  type SidebarItem,
  type SidebarProps,
  Tabs,
  type TabsProps,
} from './navigation.tsx'
export {
  Answered,
  type AnsweredProps,
  type Around,
  PlacedScreen,
  type PlacedScreenProps,
  type PlaceShown,
} from './placed-screen.tsx'
export { Bar, type BarProps, Panel, type PanelProps, PlainButton, type PlainButtonProps } from './plain.tsx'
export { DesignProvider } from './provider.tsx'
export { QrCode, type QrCodeProps } from './qr-code.tsx'
export { saveFile } from './save-file.ts'
export {
  Facts,
  type FactsProps,
  Group,
  type GroupProps,
  Line,
  type LineProps,
  Lines,
  type LinesProps,
  PageHead,
  type PageHeadProps,
  Places,
  type PlacesProps,
} from './screen.tsx'
export { Select } from './select.tsx'
export { sizeOf } from './size.ts'
export { type StrengthFacts, type StrengthLevel, strengthOf } from './strength.ts'
export { Toast, type ToastProps } from './toast.tsx'
export { Keys, Tooltip, type TooltipProps } from './tooltip.tsx'
export { VirtualList, type VirtualListProps } from './virtual-list.tsx'
