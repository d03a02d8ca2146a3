import { mount } from "svelte";
import App from "./App.svelte";
import { session } from "./session.svelte";
import { setupLink } from "./setup-link.svelte";

setupLink.take();
void session.ask();

const target = document.getElementById("app");
if (target) mount(App, { target });
