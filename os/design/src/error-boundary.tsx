import { Component, type ReactNode } from 'react'

export type ErrorBoundaryProps = {
  readonly children: ReactNode
  readonly onError?: (error: unknown) => void
  /** What is shown instead; `retry` draws the children anew. */
  readonly fallback: (error: unknown, retry: () => void) => ReactNode
}

/** Keeps a failure where it happened: one app's window, never the desktop. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { failed?: { error: unknown } }> {
  override state: { failed?: { error: unknown } } = {}

  static getDerivedStateFromError(error: unknown): { failed: { error: unknown } } {
    return { failed: { error } }
  }

  override componentDidCatch(error: unknown): void {
    this.props.onError?.(error)
  }

  override render(): ReactNode {
    const { failed } = this.state
    if (failed === undefined) return this.props.children
    return this.props.fallback(failed.error, () => this.setState({ failed: undefined as never }))
  }
}
