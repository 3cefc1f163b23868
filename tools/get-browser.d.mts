export declare const fetchedBrowser: string
export declare function getBrowser(env?: NodeJS.ProcessEnv): Promise<boolean>
