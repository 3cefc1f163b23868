/**
 * The rules that a new node starts with, in Cedar (https://docs.cedarpolicy.com). What they can ask about is the table
 * in this package's README. Every rule has an `@id`, by which a refusal names it, and says in words what it does.
 */
import type { PolicySetName } from './policies.ts'

/**
 * What rules can ask about, as a Cedar schema without its actions: those are the commands that a text names. A `?` is
 * what a request may leave out, so a rule tests it with `has` first.
 */
export const policySchema: string = `
entity Folder;
entity Identity { status: String, kind: String };
entity Object in [Folder] {
  owner: Identity, tags: Set<String>, class?: String, type?: String, ageFrom?: Long, terms?: Terms
};
type Terms = {
  rights: Set<String>, purposes?: Set<String>, audience?: Set<String>, compliance?: Set<String>,
  fromMs?: Long, expiresMs?: Long
};
type Child = {
  mayAct: Bool, mayShare?: Bool, age?: Long, modules?: Set<String>, contacts?: Set<String>, spendLeft?: Long
};
type Facts = {
  delegated: Bool, direction: String, asker: String, nowMs: Long, counterparty?: String, purpose?: String,
  channel?: String, place?: String, module?: String, recipient?: String, fields?: Set<String>, price?: Long,
  mask?: Long, child?: Child, ownerChild?: Child
};
`

/** What everybody keeps to, whatever an owner allows. */
export const ecosystemPolicy: string = `
@id("ecosystem.base")
@sentence("What no rule of the ecosystem forbids is for the owner to decide.")
permit (principal, action, resource);

@id("ecosystem.revoked-identity")
@sentence("This identity was revoked and can no longer act.")
forbid (principal, action, resource)
when { principal.status == "revoked" };

@id("ecosystem.terms-ended")
@sentence("The owner's terms for this have ended.")
forbid (principal, action, resource)
when { principal != resource.owner && resource has terms && resource.terms has expiresMs
  && context.nowMs > resource.terms.expiresMs };

@id("ecosystem.terms-not-yet")
@sentence("The owner's terms for this have not begun.")
forbid (principal, action, resource)
when { principal != resource.owner && resource has terms && resource.terms has fromMs
  && context.nowMs < resource.terms.fromMs };

@id("ecosystem.terms-audience")
@sentence("The owner's terms do not name you.")
forbid (principal, action, resource)
when { principal != resource.owner && resource has terms && resource.terms has audience
  && !resource.terms.audience.contains(context.asker) };

@id("ecosystem.terms-purpose")
@sentence("The owner's terms allow this for other purposes only.")
forbid (principal, action, resource)
when { principal != resource.owner && resource has terms && resource.terms has purposes
  && !(context has purpose && resource.terms.purposes.contains(context.purpose)) };

@id("ecosystem.terms-read")
@sentence("The owner's terms do not allow reading this.")
forbid (principal, action in Action::"/qnt/read", resource)
when { principal != resource.owner && resource has terms && !resource.terms.rights.contains("read") };

@id("ecosystem.terms-write")
@sentence("The owner's terms do not allow changing this.")
forbid (principal, action in Action::"/qnt/write", resource)
when { principal != resource.owner && resource has terms && !resource.terms.rights.contains("write") };

@id("ecosystem.share-on")
@sentence("The owner's terms do not allow sharing this on.")
forbid (principal, action in Action::"/qnt/share", resource)
when { principal != resource.owner && resource has terms && !resource.terms.rights.contains("share") };

@id("ecosystem.child-rest")
@sentence("This child's account rests now, or no guardian has renewed it.")
forbid (principal, action, resource)
when { context has child && !context.child.mayAct };

@id("ecosystem.child-app")
@sentence("This child's guardians have not allowed this app.")
forbid (principal, action, resource)
when { context has child && context.child has modules && context has module
  && !context.child.modules.contains(context.module) };

@id("ecosystem.child-contact")
@sentence("This child's guardians have not allowed this contact.")
forbid (principal, action, resource)
when { context has child && context.child has contacts && context has counterparty
  && !context.child.contacts.contains(context.counterparty) };

@id("ecosystem.child-reached")
@sentence("This belongs to a child whose guardians have not allowed this contact.")
forbid (principal, action, resource)
when { context has ownerChild && principal != resource.owner && context.ownerChild has contacts
  && !context.ownerChild.contacts.contains(context.asker) };

@id("ecosystem.child-share")
@sentence("This child's guardians are asked before anything is shared.")
forbid (principal, action in Action::"/qnt/share", resource)
when { context has child && context.child has mayShare && !context.child.mayShare };

@id("ecosystem.child-spend")
@sentence("This costs more than this child may still spend.")
forbid (principal, action, resource)
when { context has child && context.child has spendLeft && context has price
  && context.price > context.child.spendLeft };

@id("ecosystem.child-age")
@sentence("This is meant for an older age than this child's.")
forbid (principal, action, resource)
when { context has child && context.child has age && resource has ageFrom
  && resource.ageFrom > context.child.age };
`

/** Requests that arrive for my data: I may, and who holds a permission of mine may. */
export const defaultInPolicy: string = `
@id("in.owner")
@sentence("Owners reach their own things.")
permit (principal, action, resource)
when { principal == resource.owner };

@id("in.permission")
@sentence("Who holds a valid permission of the owner may do what it says.")
permit (principal, action, resource)
when { context.delegated == true };
`

/** My data about to leave: I may send my own, and what others let me pass on. */
export const defaultOutPolicy: string = `
@id("out.owner")
@sentence("Owners send their own things where they want.")
permit (principal, action, resource)
when { principal == resource.owner };

@id("out.permission")
@sentence("What leaves for the holder of a valid permission may leave.")
permit (principal, action, resource)
when { context.delegated == true };
`

/** What each set begins with. */
export const defaultTexts: Readonly<Record<PolicySetName, string>> = {
  ecosystem: ecosystemPolicy,
  in: defaultInPolicy,
  out: defaultOutPolicy,
}
