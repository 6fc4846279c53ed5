/**
 * Stands where the form library's test kit would load its compiling validator. Nothing of ours uses that kit, and the
 * compiling validator would need `unsafe-eval` in the content security policy.
 */
export default undefined;
