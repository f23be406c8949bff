CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.api_keys (
    restaurant uuid NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    hash bytea NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint,
    CONSTRAINT api_keys_hash_check CHECK ((octet_length(hash) = 32))
);
CREATE TABLE public.calls (
    restaurant uuid NOT NULL,
    id uuid NOT NULL,
    document text NOT NULL
);
CREATE TABLE public.commands (
    restaurant uuid NOT NULL,
    sub text NOT NULL,
    id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    answer text NOT NULL,
    at bigint NOT NULL,
    CONSTRAINT commands_fingerprint_check CHECK ((octet_length(fingerprint) = 32))
);
CREATE TABLE public.devices (
    id uuid NOT NULL,
    restaurant uuid NOT NULL,
    name text NOT NULL,
    station text,
    created_at bigint NOT NULL,
    revoked_at bigint
);
CREATE TABLE public.display_leases (
    restaurant uuid NOT NULL,
    display text NOT NULL COLLATE pg_catalog."C",
    node uuid NOT NULL,
    beat bigint NOT NULL
);
CREATE TABLE public.displays (
    restaurant uuid NOT NULL,
    display text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    station text,
    "position" bigint NOT NULL,
    seen_at bigint NOT NULL,
    connected boolean DEFAULT false NOT NULL,
    shows text
);
CREATE TABLE public.ended_sessions (
    session text NOT NULL COLLATE pg_catalog."C",
    ended_at bigint NOT NULL
);
CREATE TABLE public.events (
    restaurant uuid NOT NULL,
    "position" bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    topic smallint NOT NULL,
    order_id uuid,
    at bigint NOT NULL,
    by_role text NOT NULL,
    command uuid,
    patch text NOT NULL,
    CONSTRAINT events_position_check CHECK (("position" > 0))
);
CREATE TABLE public.feeds (
    restaurant uuid NOT NULL,
    head bigint NOT NULL,
    next_number bigint NOT NULL,
    CONSTRAINT feeds_head_check CHECK ((head >= 0)),
    CONSTRAINT feeds_next_number_check CHECK ((next_number > 0))
);
CREATE TABLE public.menus (
    restaurant uuid NOT NULL,
    document text NOT NULL,
    next_lapse bigint
);
CREATE TABLE public.meta (
    name text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.orders (
    restaurant uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    status text NOT NULL,
    is_open boolean NOT NULL,
    diner text,
    document text NOT NULL,
    waits_at text,
    accepted_position bigint
);
CREATE TABLE public.pairings (
    device_code_hash bytea NOT NULL,
    user_code text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    polled_at bigint,
    device uuid,
    CONSTRAINT pairings_device_code_hash_check CHECK ((octet_length(device_code_hash) = 32))
);
CREATE TABLE public.push_subscriptions (
    restaurant uuid NOT NULL,
    diner text NOT NULL,
    endpoint text NOT NULL COLLATE pg_catalog."C",
    session text NOT NULL COLLATE pg_catalog."C",
    p256dh bytea NOT NULL,
    auth bytea NOT NULL,
    language text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT push_subscriptions_auth_check CHECK ((octet_length(auth) = 16)),
    CONSTRAINT push_subscriptions_p256dh_check CHECK ((octet_length(p256dh) = 65))
);
CREATE TABLE public.restaurants (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    default_minutes bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.session_refreshes (
    hash bytea NOT NULL,
    session text NOT NULL,
    spent_at bigint,
    CONSTRAINT session_refreshes_hash_check CHECK ((octet_length(hash) = 32))
);
CREATE TABLE public.sessions (
    id text NOT NULL,
    restaurant uuid NOT NULL,
    sub text NOT NULL,
    role text NOT NULL,
    station text,
    table_label text,
    device uuid,
    created_at bigint NOT NULL,
    refreshed_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.tables (
    id uuid NOT NULL,
    restaurant uuid NOT NULL,
    label text NOT NULL,
    key text NOT NULL
);
CREATE TABLE public.undrawn (
    restaurant uuid NOT NULL,
    station text NOT NULL COLLATE pg_catalog."C",
    order_id uuid NOT NULL,
    number bigint NOT NULL
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    restaurant uuid NOT NULL,
    username text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at bigint NOT NULL
);
INSERT INTO public._sqlx_migrations VALUES (1, 'accounts', '2026-11-30 07:23:04.004643+00', true, '\x84064f27e1553b371617548b39d6eded2385aa8f4349298f9869a9fbb9ae9db641ac7de78a953bdfa9a6d706366caf30', 10532199);
INSERT INTO public._sqlx_migrations VALUES (2, 'log', '2026-11-30 07:23:04.01553+00', true, '\x0a864ac73373de275bdaf3741cc06f911adb5fb6a10143eda848ac9c573e9dbf8490d75fb02c264f47692702afa6649f', 10825847);
INSERT INTO public._sqlx_migrations VALUES (3, 'sessions', '2026-11-30 07:23:04.026576+00', true, '\x15d41b8f5e95ead0036e36c2c54b7e707872e1ef11ca0a8c8027ce59fc0da65c9503de10b3bec519a202aa165a4d0786', 2931843);
INSERT INTO public._sqlx_migrations VALUES (4, 'devices', '2026-11-30 07:23:04.029653+00', true, '\x4781417e61fb14b69a1c8f580059bf1903fa93f9fd04485f0a6fe0c26e01f4e34f21bc31cf02f28b0187c99e275b731d', 2774217);
INSERT INTO public._sqlx_migrations VALUES (5, 'presence', '2026-11-30 07:23:04.032557+00', true, '\x4711dfbd6f4d63a04c81a71b0919fe04757af8ab37fcbec151280e7e48ba56176dc33cc9b3fae31666f496b621292657', 1337866);
INSERT INTO public._sqlx_migrations VALUES (6, 'undrawn', '2026-11-30 07:23:04.034122+00', true, '\x53f1ca62914ebe77a60ed54b1fd80cd507d87129ec1185b625735c8f77004e0fb4dcedee0702274f789876b13178c18f', 1250595);
INSERT INTO public._sqlx_migrations VALUES (7, 'push', '2026-11-30 07:23:04.035477+00', true, '\xd3f35f99d9787654e0ab1c031c239f350b8e44645f3a964d484b05c4d262c0af73204852cf0aa44466bef9e4cf3d6fec', 6938289);
INSERT INTO public.calls VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-fa2e-7299-b37b-d00cac4410b9', '{"id":"01a22b55-fa2e-7299-b37b-d00cac4410b9","table":"7","reason":"bill","raised_at":"2026-11-30T07:23:04.622Z"}');
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '9333d43f-5dce-4345-9d29-ea83039a7244', '\x22024201f111df6528fd628483df12943bbe7ee3c10aa66f0ed14181d2b042e9', '{"ack":{"position":1,"changed":true,"document":{"id":"01a22b55-f96f-77bb-bec9-07cd04fbe868","items":{"01a22b55-f96f-77bb-bec9-07ce4831cf18":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"},"01a22b55-f96f-77bb-bec9-07cf904fd04e":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"left as placed","number":1,"placed_at":"2026-11-30T07:23:04.431Z","position":1,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":103000,"currency":"BDT"}}}}', 1796023384431000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', 'c3df69a3-a1ab-4bb1-81f9-93f1528829ee', '\xeed819e92b5cc2d72d5072e8b5bdd3a4c7dd0021c066b4565e614f8317213c70', '{"ack":{"position":2,"changed":true,"document":{"id":"01a22b55-f977-7454-899c-41316ccf4ade","items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f977-7454-899c-413311ac7d97":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"queued"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:04.439Z","position":2,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":50000,"currency":"BDT"}}}}', 1796023384439000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '30ee5deb-b04b-4df6-98b4-f5ec988bb763', '\x152f0527f01230cddc837fef17b3069344bd56f7bfb1de4c593f1fd3bfb4089d', '{"ack":{"position":3,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.445Z","id":"01a22b55-f977-7454-899c-41316ccf4ade","items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f977-7454-899c-413311ac7d97":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"queued"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:04.439Z","position":3,"promised_at":"2026-11-30T07:48:04.445Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"accepted","table":"3","total":{"amount":50000,"currency":"BDT"}}}}', 1796023384445000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '35aa5cb5-1dda-4ee8-87c1-d90aac642208', '\xf15e840634f27ca835f1e6ed4685acefbc658e12b71b2307e7d9415051459746', '{"ack":{"position":4,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.445Z","id":"01a22b55-f977-7454-899c-41316ccf4ade","items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"cooking"},"01a22b55-f977-7454-899c-413311ac7d97":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"cooking"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:04.439Z","position":4,"promised_at":"2026-11-30T07:48:04.445Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:04.450Z","status":"preparing","table":"3","total":{"amount":50000,"currency":"BDT"}}}}', 1796023384450000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '5f143b11-e36b-474d-a2bb-4054301a949a', '\xbcbdd099565add5c399300ab9f18ee0e0fdd30730b73094a6c03dbf57a0914f2', '{"ack":{"position":5,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.445Z","id":"01a22b55-f977-7454-899c-41316ccf4ade","items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"cooking"},"01a22b55-f977-7454-899c-413311ac7d97":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"cooking"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:04.439Z","position":5,"promised_at":"2026-11-30T07:48:04.445Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":true,"service":"dine_in","started_at":"2026-11-30T07:23:04.450Z","status":"preparing","table":"3","total":{"amount":50000,"currency":"BDT"}}}}', 1796023384457000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f95e-705c-8650-1a26ac90c002', '24c8484b-e425-4c6f-ba18-861445f33a9d', '\xcbf20cb7ee5e521392146ea349c2d88e5d943177f755ba0269ad885288ec6bdc', '{"ack":{"position":6,"changed":true,"document":{"diner":"01a22b55-f95e-705c-8650-1a26ac90c002","id":"01a22b55-f98d-7449-b7eb-0f2fa24d9d1c","items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"menu_item":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:04.461Z","position":6,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"7","total":{"amount":54000,"currency":"BDT"}}}}', 1796023384461000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', 'b0f1bd76-463c-44f9-84e2-882af3f7ba66', '\x9b95fb35d6ae792861ee735f275d1fcd0d6ec7bd578bed90cc6d4b245b8a4653', '{"ack":{"position":7,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.465Z","diner":"01a22b55-f95e-705c-8650-1a26ac90c002","id":"01a22b55-f98d-7449-b7eb-0f2fa24d9d1c","items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"menu_item":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:04.461Z","position":7,"promised_at":"2026-11-30T07:43:04.465Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"accepted","table":"7","total":{"amount":54000,"currency":"BDT"}}}}', 1796023384465000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '0b6dbb67-cd06-4356-8c61-5362365238c8', '\x9ec0e45a24e67910fb41ddeaba07ef3b8a6e778844a9d64207b910739af6343a', '{"ack":{"position":8,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.465Z","diner":"01a22b55-f95e-705c-8650-1a26ac90c002","id":"01a22b55-f98d-7449-b7eb-0f2fa24d9d1c","items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"cooking"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"menu_item":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"cooking"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:04.461Z","position":8,"promised_at":"2026-11-30T07:43:04.465Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:04.494Z","status":"preparing","table":"7","total":{"amount":54000,"currency":"BDT"}}}}', 1796023384494000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '78af325d-f0b3-4cae-aa0c-64df88be8866', '\xf8c933e2a0df99f387496b7e43885928d06b7712b3aea0de8884d8152b3bebf3', '{"ack":{"position":9,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.465Z","diner":"01a22b55-f95e-705c-8650-1a26ac90c002","id":"01a22b55-f98d-7449-b7eb-0f2fa24d9d1c","items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"done"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"menu_item":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"done"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:04.461Z","position":9,"promised_at":"2026-11-30T07:43:04.465Z","ready_at":"2026-11-30T07:23:04.498Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:04.494Z","status":"ready","table":"7","total":{"amount":54000,"currency":"BDT"}}}}', 1796023384498000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '239ca303-6416-49e9-8cf2-ed5adf07bf2c', '\x514bbcf4d8a953ddf861999fe1cee7c13cda229c88abbd8d976d6c3d6ec47364', '{"ack":{"position":10,"changed":true,"document":{"id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"queued"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:04.526Z","position":10,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":39000,"currency":"BDT"}}}}', 1796023384526000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', 'a2ee6176-4c86-49d5-9ff1-1ed95f86be91', '\x97a7459edd1f6ce8e724d540f9a9d8563848e860ababddf41d1f81902450567e', '{"ack":{"position":13,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.531Z","id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"done"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:04.526Z","position":13,"promised_at":"2026-11-30T07:43:04.531Z","ready_at":"2026-11-30T07:23:04.550Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:04.537Z","status":"ready","table":"3","total":{"amount":39000,"currency":"BDT"}}}}', 1796023384550000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', 'd6197e87-3db1-4b48-aa5a-30e458da75b8', '\xf13d72965bd6ee9ecb9e90eeef248fa12c1282c33764d30f615d7a8271599136', '{"ack":{"position":11,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.531Z","id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"queued"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:04.526Z","position":11,"promised_at":"2026-11-30T07:43:04.531Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"accepted","table":"3","total":{"amount":39000,"currency":"BDT"}}}}', 1796023384531000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '4ba8910c-bd65-4ba2-abfc-1a6970ed3b61', '\xedf191b4351d284880a9528fb45bdb74eee8a79707447f8c55c5eb00aa1a8204', '{"ack":{"position":15,"changed":true,"document":{"id":"01a22b55-fa18-74b1-8e15-941a3d42f4b1","items":{"01a22b55-fa18-74b1-8e15-941bfb234cc7":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":1,"station":"bar","status":"queued"}},"note":"cancelled","number":5,"placed_at":"2026-11-30T07:23:04.600Z","position":15,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":6000,"currency":"BDT"}}}}', 1796023384600000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', 'dcd75f60-668d-4678-af37-f78d59690cfd', '\xdcc76062748c87e04c98f5991f01954b1df704b4e9ad6123b8df3639a6c3b191', '{"ack":{"position":12,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.531Z","id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"cooking"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:04.526Z","position":12,"promised_at":"2026-11-30T07:43:04.531Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:04.537Z","status":"preparing","table":"3","total":{"amount":39000,"currency":"BDT"}}}}', 1796023384537000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '8f45a7ac-b52d-4a06-a382-3a8728b23ccc', '\x17bf0612e728736bf42ffd3d007e8eccded9af190fca054263c1587e93a960f1', '{"ack":{"position":16,"changed":true,"document":{"closed_at":"2026-11-30T07:23:04.606Z","id":"01a22b55-fa18-74b1-8e15-941a3d42f4b1","items":{"01a22b55-fa18-74b1-8e15-941bfb234cc7":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":1,"station":"bar","status":"queued"}},"note":"cancelled","number":5,"placed_at":"2026-11-30T07:23:04.600Z","position":16,"reason":"customer_request","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"cancelled","table":"3","total":{"amount":6000,"currency":"BDT"}}}}', 1796023384606000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '39da993d-fc5a-4742-a987-28dca8d8d176', '\x1564902b3854cc653ec4bc3da3502c993a39a64a78f049b2b70d238463e52e38', '{"ack":{"position":14,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:04.531Z","closed_at":"2026-11-30T07:23:04.562Z","id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"done"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:04.526Z","position":14,"promised_at":"2026-11-30T07:43:04.531Z","ready_at":"2026-11-30T07:23:04.550Z","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"served_at":"2026-11-30T07:23:04.562Z","service":"dine_in","started_at":"2026-11-30T07:23:04.537Z","status":"served","table":"3","total":{"amount":39000,"currency":"BDT"}}}}', 1796023384562000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f95e-705c-8650-1a26ac90c002', 'a0259957-9626-4d44-800d-c8a7dce4d0bd', '\x93d76c9913efe6a4b30e3aba8c7cd8f8b60a4f0f38c4cfe1e9987572c6121806', '{"ack":{"position":17,"changed":true,"document":{"id":"01a22b55-fa2e-7299-b37b-d00cac4410b9","raised_at":"2026-11-30T07:23:04.622Z","reason":"bill","table":"7"}}}', 1796023384622000);
INSERT INTO public.commands VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', '782b7d8a-abf0-4b2e-8e19-e1fa7bec3fb5', '\xe74554ff3de1563fc796d6ea4e55027a26b4c42d37c2b3764c0fe7d926c0aeda', '{"ack":{"position":19,"changed":true,"document":{"id":"01a22b55-fa51-7529-a1d2-32ac9a17fd0a","items":{"01a22b55-fa51-7529-a1d2-32ad5b6dde51":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"}},"note":"after the screen''s last look","number":6,"placed_at":"2026-11-30T07:23:04.657Z","position":19,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":76000,"currency":"BDT"}}}}', 1796023384657000);
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 1, '01a22b55-f972-75d2-b7b9-e07aaf34f84d', 'order.placed', 1, '01a22b55-f96f-77bb-bec9-07cd04fbe868', 1796023384431000, 'staff', '9333d43f-5dce-4345-9d29-ea83039a7244', '{"id":"01a22b55-f96f-77bb-bec9-07cd04fbe868","items":{"01a22b55-f96f-77bb-bec9-07ce4831cf18":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"},"01a22b55-f96f-77bb-bec9-07cf904fd04e":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"left as placed","number":1,"placed_at":"2026-11-30T07:23:04.431Z","position":1,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":103000,"currency":"BDT"}}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 2, '01a22b55-f97a-76ac-8b1a-893ff4075912', 'order.placed', 1, '01a22b55-f977-7454-899c-41316ccf4ade', 1796023384439000, 'staff', 'c3df69a3-a1ab-4bb1-81f9-93f1528829ee', '{"id":"01a22b55-f977-7454-899c-41316ccf4ade","items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f977-7454-899c-413311ac7d97":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"queued"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:04.439Z","position":2,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":50000,"currency":"BDT"}}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 3, '01a22b55-f97f-72c6-9aa0-eff47cb52b4e', 'order.accepted', 1, '01a22b55-f977-7454-899c-41316ccf4ade', 1796023384445000, 'staff', '30ee5deb-b04b-4df6-98b4-f5ec988bb763', '{"accepted_at":"2026-11-30T07:23:04.445Z","position":3,"promised_at":"2026-11-30T07:48:04.445Z","status":"accepted"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 4, '01a22b55-f984-7035-981d-2cd847707892', 'order.started', 1, '01a22b55-f977-7454-899c-41316ccf4ade', 1796023384450000, 'staff', '35aa5cb5-1dda-4ee8-87c1-d90aac642208', '{"items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"status":"cooking"},"01a22b55-f977-7454-899c-413311ac7d97":{"status":"cooking"}},"position":4,"started_at":"2026-11-30T07:23:04.450Z","status":"preparing"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 5, '01a22b55-f98a-770c-8cb1-4e16ba5be556', 'order.rushed', 1, '01a22b55-f977-7454-899c-41316ccf4ade', 1796023384457000, 'staff', '5f143b11-e36b-474d-a2bb-4054301a949a', '{"position":5,"rush":true}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 6, '01a22b55-f98f-7467-9da6-785bd36ce6b4', 'order.placed', 1, '01a22b55-f98d-7449-b7eb-0f2fa24d9d1c', 1796023384461000, 'diner', '24c8484b-e425-4c6f-ba18-861445f33a9d', '{"diner":"01a22b55-f95e-705c-8650-1a26ac90c002","id":"01a22b55-f98d-7449-b7eb-0f2fa24d9d1c","items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"menu_item":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:04.461Z","position":6,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"7","total":{"amount":54000,"currency":"BDT"}}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 7, '01a22b55-f9aa-7373-b52c-b7ea2e957982', 'order.accepted', 1, '01a22b55-f98d-7449-b7eb-0f2fa24d9d1c', 1796023384465000, 'staff', 'b0f1bd76-463c-44f9-84e2-882af3f7ba66', '{"accepted_at":"2026-11-30T07:23:04.465Z","position":7,"promised_at":"2026-11-30T07:43:04.465Z","status":"accepted"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 8, '01a22b55-f9b0-70ef-ac42-4b6fc2029c1d', 'order.started', 1, '01a22b55-f98d-7449-b7eb-0f2fa24d9d1c', 1796023384494000, 'staff', '0b6dbb67-cd06-4356-8c61-5362365238c8', '{"items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"status":"cooking"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"status":"cooking"}},"position":8,"started_at":"2026-11-30T07:23:04.494Z","status":"preparing"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 9, '01a22b55-f9c6-76b7-921d-f220c6412102', 'order.ready', 1, '01a22b55-f98d-7449-b7eb-0f2fa24d9d1c', 1796023384498000, 'staff', '78af325d-f0b3-4cae-aa0c-64df88be8866', '{"items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"status":"done"},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"status":"done"}},"position":9,"ready_at":"2026-11-30T07:23:04.498Z","status":"ready"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 10, '01a22b55-f9d0-77d3-a27a-83afaf494840', 'order.placed', 1, '01a22b55-f9ce-7467-b05e-e9bd51f2877e', 1796023384526000, 'staff', '239ca303-6416-49e9-8cf2-ed5adf07bf2c', '{"id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"queued"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:04.526Z","position":10,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":39000,"currency":"BDT"}}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 11, '01a22b55-f9d6-7039-b28b-b1a923efe7c1', 'order.accepted', 1, '01a22b55-f9ce-7467-b05e-e9bd51f2877e', 1796023384531000, 'staff', 'd6197e87-3db1-4b48-aa5a-30e458da75b8', '{"accepted_at":"2026-11-30T07:23:04.531Z","position":11,"promised_at":"2026-11-30T07:43:04.531Z","status":"accepted"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 12, '01a22b55-f9df-71a3-808c-5a36d37b9c33', 'order.started', 1, '01a22b55-f9ce-7467-b05e-e9bd51f2877e', 1796023384537000, 'staff', 'dcd75f60-668d-4678-af37-f78d59690cfd', '{"items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"status":"cooking"}},"position":12,"started_at":"2026-11-30T07:23:04.537Z","status":"preparing"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 13, '01a22b55-f9e8-71a1-92bf-4e87a80c8413', 'order.ready', 1, '01a22b55-f9ce-7467-b05e-e9bd51f2877e', 1796023384550000, 'staff', 'a2ee6176-4c86-49d5-9ff1-1ed95f86be91', '{"items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"status":"done"}},"position":13,"ready_at":"2026-11-30T07:23:04.550Z","status":"ready"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 14, '01a22b55-fa13-74fd-a8e3-b214914b7dd9', 'order.served', 1, '01a22b55-f9ce-7467-b05e-e9bd51f2877e', 1796023384562000, 'staff', '39da993d-fc5a-4742-a987-28dca8d8d176', '{"closed_at":"2026-11-30T07:23:04.562Z","position":14,"served_at":"2026-11-30T07:23:04.562Z","status":"served"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 15, '01a22b55-fa1b-750b-8819-25b923930212', 'order.placed', 1, '01a22b55-fa18-74b1-8e15-941a3d42f4b1', 1796023384600000, 'staff', '4ba8910c-bd65-4ba2-abfc-1a6970ed3b61', '{"id":"01a22b55-fa18-74b1-8e15-941a3d42f4b1","items":{"01a22b55-fa18-74b1-8e15-941bfb234cc7":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":1,"station":"bar","status":"queued"}},"note":"cancelled","number":5,"placed_at":"2026-11-30T07:23:04.600Z","position":15,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":6000,"currency":"BDT"}}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 16, '01a22b55-fa1f-728d-94ba-fdfd8adbaefc', 'order.cancelled', 1, '01a22b55-fa18-74b1-8e15-941a3d42f4b1', 1796023384606000, 'staff', '8f45a7ac-b52d-4a06-a382-3a8728b23ccc', '{"closed_at":"2026-11-30T07:23:04.606Z","position":16,"reason":"customer_request","status":"cancelled"}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 17, '01a22b55-fa30-724c-9233-15bcbe4bf02b', 'call.raised', 2, NULL, 1796023384622000, 'diner', 'a0259957-9626-4d44-800d-c8a7dce4d0bd', '{"01a22b55-fa2e-7299-b37b-d00cac4410b9":{"id":"01a22b55-fa2e-7299-b37b-d00cac4410b9","raised_at":"2026-11-30T07:23:04.622Z","reason":"bill","table":"7"}}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 18, '01a22b55-fa3d-70b7-9db5-1aa5f0727e92', 'menu.availability', 4, NULL, 1796023384634000, 'staff', NULL, '{"items":{"01a22b55-f7f2-7440-bdbd-14975000fecc":{"available":false}},"position":18}');
INSERT INTO public.events VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 19, '01a22b55-fa58-77a3-8489-b64f3e6f93d5', 'order.placed', 1, '01a22b55-fa51-7529-a1d2-32ac9a17fd0a', 1796023384657000, 'staff', '782b7d8a-abf0-4b2e-8e19-e1fa7bec3fb5', '{"id":"01a22b55-fa51-7529-a1d2-32ac9a17fd0a","items":{"01a22b55-fa51-7529-a1d2-32ad5b6dde51":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"}},"note":"after the screen''s last look","number":6,"placed_at":"2026-11-30T07:23:04.657Z","position":19,"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":76000,"currency":"BDT"}}');
INSERT INTO public.feeds VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 19, 7);
INSERT INTO public.menus VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '{"restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","position":18,"currency":"BDT","paused":false,"categories":{"01a22b55-f7f2-7440-bdbd-148a14cdf6eb":{"name":"Starters","sort":1},"01a22b55-f7f2-7440-bdbd-14914a7ea1bf":{"name":"Mains","sort":2},"01a22b55-f7f2-7440-bdbd-14a04d31e7d7":{"name":"Sweets","sort":3},"01a22b55-f7f2-7440-bdbd-14a55e9fbd3d":{"name":"Drinks","sort":4}},"items":{"01a22b55-f7f2-7440-bdbd-148c02124b7e":{"id":"01a22b55-f7f2-7440-bdbd-148c02124b7e","name":"Shingara","description":"Crisp parcels of potato and peas, three of them","category":"01a22b55-f7f2-7440-bdbd-148a14cdf6eb","price":{"amount":12000,"currency":"BDT"},"station":"hot","sort":1,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-148b1b776675":{"name":"tamarind dip","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-148f4ad56fdf":{"id":"01a22b55-f7f2-7440-bdbd-148f4ad56fdf","name":"Fuchka","description":"Hollow crisps, spiced chickpeas, sour water","category":"01a22b55-f7f2-7440-bdbd-148a14cdf6eb","price":{"amount":15000,"currency":"BDT"},"station":"cold","sort":2,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-148d2659ee40":{"name":"extra sour","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-148e775ac864":{"name":"no onion","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-1490c69508ce":{"id":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","description":"Yoghurt, mint, roasted cumin","category":"01a22b55-f7f2-7440-bdbd-148a14cdf6eb","price":{"amount":9000,"currency":"BDT"},"station":"cold","sort":3,"available":true,"options":{}},"01a22b55-f7f2-7440-bdbd-1494371a6e23":{"id":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","description":"Slow-braised in yoghurt and white spices","category":"01a22b55-f7f2-7440-bdbd-14914a7ea1bf","price":{"amount":45000,"currency":"BDT"},"station":"hot","sort":1,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-1492807ae8b6":{"name":"extra spicy","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-1493a3230b28":{"name":"extra gravy","price":{"amount":6000,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-14975000fecc":{"id":"01a22b55-f7f2-7440-bdbd-14975000fecc","name":"Kacchi biryani","description":"Mutton and potato under a sealed lid","category":"01a22b55-f7f2-7440-bdbd-14914a7ea1bf","price":{"amount":52000,"currency":"BDT"},"station":"hot","sort":2,"available":false,"options":{"01a22b55-f7f2-7440-bdbd-14951eb2a20d":{"name":"boiled egg","price":{"amount":3000,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-1496d69a1de5":{"name":"extra meat","price":{"amount":18000,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-149928577522":{"id":"01a22b55-f7f2-7440-bdbd-149928577522","name":"Shorshe ilish","description":"Hilsa in mustard, with rice","category":"01a22b55-f7f2-7440-bdbd-14914a7ea1bf","price":{"amount":68000,"currency":"BDT"},"station":"hot","sort":3,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-1498639b96a8":{"name":"less mustard","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-149ce5f11af6":{"id":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","description":"Wedding-style, with ghee and raisins","category":"01a22b55-f7f2-7440-bdbd-14914a7ea1bf","price":{"amount":38000,"currency":"BDT"},"station":"hot","sort":4,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-149a066cbaa5":{"name":"leg piece","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-149b2905841a":{"name":"breast piece","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-149fd33e1074":{"id":"01a22b55-f7f2-7440-bdbd-149fd33e1074","name":"Vegetable bhuna","description":"Seasonal vegetables, dry-fried","category":"01a22b55-f7f2-7440-bdbd-14914a7ea1bf","price":{"amount":26000,"currency":"BDT"},"station":"hot","sort":5,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-149d81ccaccb":{"name":"no chilli","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-149e2dfc24f7":{"name":"extra spicy","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-14a138c1038c":{"id":"01a22b55-f7f2-7440-bdbd-14a138c1038c","name":"Mishti doi","description":"Set caramel yoghurt in clay","category":"01a22b55-f7f2-7440-bdbd-14a04d31e7d7","price":{"amount":14000,"currency":"BDT"},"station":"cold","sort":1,"available":true,"options":{}},"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e":{"id":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","description":"Ground rice, milk, cardamom","category":"01a22b55-f7f2-7440-bdbd-14a04d31e7d7","price":{"amount":13000,"currency":"BDT"},"station":"cold","sort":2,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-14a28a1a0521":{"name":"no nuts","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-14a475bbddcd":{"id":"01a22b55-f7f2-7440-bdbd-14a475bbddcd","name":"Rasmalai","description":"Two, in saffron milk","category":"01a22b55-f7f2-7440-bdbd-14a04d31e7d7","price":{"amount":18000,"currency":"BDT"},"station":"cold","sort":3,"available":true,"options":{}},"01a22b55-f7f2-7440-bdbd-14a6b80b88e4":{"id":"01a22b55-f7f2-7440-bdbd-14a6b80b88e4","name":"Borhani","description":"Spiced yoghurt with mint","category":"01a22b55-f7f2-7440-bdbd-14a55e9fbd3d","price":{"amount":11000,"currency":"BDT"},"station":"bar","sort":1,"available":true,"options":{}},"01a22b55-f7f2-7440-bdbd-14aaa7446705":{"id":"01a22b55-f7f2-7440-bdbd-14aaa7446705","name":"Lemon soda","description":"Fresh lime, salted or sweet","category":"01a22b55-f7f2-7440-bdbd-14a55e9fbd3d","price":{"amount":10000,"currency":"BDT"},"station":"bar","sort":2,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-14a7929d33f5":{"name":"salted","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-14a896828bba":{"name":"sweet","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-14a9047bf292":{"name":"no ice","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f7f2-7440-bdbd-14ad4fb71424":{"id":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","description":"Tea boiled with milk and ginger","category":"01a22b55-f7f2-7440-bdbd-14a55e9fbd3d","price":{"amount":6000,"currency":"BDT"},"station":"bar","sort":3,"available":true,"options":{"01a22b55-f7f2-7440-bdbd-14ab0830ec84":{"name":"no sugar","price":{"amount":0,"currency":"BDT"}},"01a22b55-f7f2-7440-bdbd-14acc410d5d1":{"name":"oat milk","price":{"amount":4000,"currency":"BDT"}}}}}}', NULL);
INSERT INTO public.meta VALUES ('epoch', '01a22b55f7ea773f9c2b902d736e3f32');
INSERT INTO public.orders VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f96f-77bb-bec9-07cd04fbe868', 1, 'placed', true, NULL, '{"id":"01a22b55-f96f-77bb-bec9-07cd04fbe868","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","number":1,"position":1,"status":"placed","service":"dine_in","table":"3","rush":false,"note":"left as placed","placed_at":"2026-11-30T07:23:04.431Z","total":{"amount":103000,"currency":"BDT"},"items":{"01a22b55-f96f-77bb-bec9-07ce4831cf18":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","quantity":2,"station":"hot","status":"queued","price":{"amount":45000,"currency":"BDT"}},"01a22b55-f96f-77bb-bec9-07cf904fd04e":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","quantity":1,"station":"cold","status":"queued","price":{"amount":13000,"currency":"BDT"}}}}', NULL, NULL);
INSERT INTO public.orders VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f977-7454-899c-41316ccf4ade', 2, 'preparing', true, NULL, '{"id":"01a22b55-f977-7454-899c-41316ccf4ade","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","number":2,"position":5,"status":"preparing","service":"dine_in","table":"3","rush":true,"note":"in the kitchen","placed_at":"2026-11-30T07:23:04.439Z","accepted_at":"2026-11-30T07:23:04.445Z","started_at":"2026-11-30T07:23:04.450Z","promised_at":"2026-11-30T07:48:04.445Z","total":{"amount":50000,"currency":"BDT"},"items":{"01a22b55-f977-7454-899c-4132386cbbd7":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","quantity":1,"station":"hot","status":"cooking","price":{"amount":38000,"currency":"BDT"}},"01a22b55-f977-7454-899c-413311ac7d97":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","quantity":2,"station":"bar","status":"cooking","price":{"amount":6000,"currency":"BDT"}}}}', NULL, 3);
INSERT INTO public.orders VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-fa18-74b1-8e15-941a3d42f4b1', 5, 'cancelled', false, NULL, '{"id":"01a22b55-fa18-74b1-8e15-941a3d42f4b1","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","number":5,"position":16,"status":"cancelled","service":"dine_in","table":"3","rush":false,"note":"cancelled","placed_at":"2026-11-30T07:23:04.600Z","closed_at":"2026-11-30T07:23:04.606Z","reason":"customer_request","total":{"amount":6000,"currency":"BDT"},"items":{"01a22b55-fa18-74b1-8e15-941bfb234cc7":{"menu_item":"01a22b55-f7f2-7440-bdbd-14ad4fb71424","name":"Masala cha","quantity":1,"station":"bar","status":"queued","price":{"amount":6000,"currency":"BDT"}}}}', NULL, NULL);
INSERT INTO public.orders VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-fa51-7529-a1d2-32ac9a17fd0a', 6, 'placed', true, NULL, '{"id":"01a22b55-fa51-7529-a1d2-32ac9a17fd0a","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","number":6,"position":19,"status":"placed","service":"dine_in","table":"3","rush":false,"note":"after the screen''s last look","placed_at":"2026-11-30T07:23:04.657Z","total":{"amount":76000,"currency":"BDT"},"items":{"01a22b55-fa51-7529-a1d2-32ad5b6dde51":{"menu_item":"01a22b55-f7f2-7440-bdbd-149ce5f11af6","name":"Chicken roast","quantity":2,"station":"hot","status":"queued","price":{"amount":38000,"currency":"BDT"}}}}', NULL, NULL);
INSERT INTO public.orders VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f98d-7449-b7eb-0f2fa24d9d1c', 3, 'ready', true, '01a22b55-f95e-705c-8650-1a26ac90c002', '{"id":"01a22b55-f98d-7449-b7eb-0f2fa24d9d1c","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","number":3,"position":9,"status":"ready","service":"dine_in","table":"7","diner":"01a22b55-f95e-705c-8650-1a26ac90c002","rush":false,"note":"from a phone","placed_at":"2026-11-30T07:23:04.461Z","accepted_at":"2026-11-30T07:23:04.465Z","started_at":"2026-11-30T07:23:04.494Z","ready_at":"2026-11-30T07:23:04.498Z","promised_at":"2026-11-30T07:43:04.465Z","total":{"amount":54000,"currency":"BDT"},"items":{"01a22b55-f98d-7449-b7eb-0f30a1b1e798":{"menu_item":"01a22b55-f7f2-7440-bdbd-1494371a6e23","name":"Beef rezala","quantity":1,"station":"hot","status":"done","price":{"amount":45000,"currency":"BDT"}},"01a22b55-f98d-7449-b7eb-0f31c085a5fc":{"menu_item":"01a22b55-f7f2-7440-bdbd-1490c69508ce","name":"Cucumber raita","quantity":1,"station":"cold","status":"done","price":{"amount":9000,"currency":"BDT"}}}}', NULL, 7);
INSERT INTO public.orders VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f9ce-7467-b05e-e9bd51f2877e', 4, 'served', false, NULL, '{"id":"01a22b55-f9ce-7467-b05e-e9bd51f2877e","restaurant":"01a22b55-f7f2-7440-bdbd-14896503041e","number":4,"position":14,"status":"served","service":"dine_in","table":"3","rush":false,"note":"served","placed_at":"2026-11-30T07:23:04.526Z","accepted_at":"2026-11-30T07:23:04.531Z","started_at":"2026-11-30T07:23:04.537Z","ready_at":"2026-11-30T07:23:04.550Z","served_at":"2026-11-30T07:23:04.562Z","closed_at":"2026-11-30T07:23:04.562Z","promised_at":"2026-11-30T07:43:04.531Z","total":{"amount":39000,"currency":"BDT"},"items":{"01a22b55-f9ce-7467-b05e-e9bea08533bb":{"menu_item":"01a22b55-f7f2-7440-bdbd-14a3a8ea5d1e","name":"Firni","quantity":3,"station":"cold","status":"done","price":{"amount":13000,"currency":"BDT"}}}}', NULL, 11);
INSERT INTO public.restaurants VALUES ('01a22b55-f7f2-7440-bdbd-14896503041e', 'demo', 'The Copper Ladle', 'BDT', 20, 1796023384050000);
INSERT INTO public.session_refreshes VALUES ('\x5e0708a279a9223e6bcc2e2f2b657c16343f31ca291e2c0840402f629a7f19fa', '01a22b55-f930-7788-b551-c19f545166f7', NULL);
INSERT INTO public.session_refreshes VALUES ('\x10f1ad6f6e7084be6fde3a620d528284cc2c72641d80f5a8483a4c9a3d7d84a1', '01a22b55-f94c-70a2-b780-49e79e28ac97', NULL);
INSERT INTO public.session_refreshes VALUES ('\xece1dacb208cbcb86b4656c8b577a0dbcd19e562239917b5ac53a8cfc4477d90', '01a22b55-f95e-705c-8650-1a27f0a6c75d', NULL);
INSERT INTO public.sessions VALUES ('01a22b55-f930-7788-b551-c19f545166f7', '01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f810-7173-9561-f5fb44db5a50', 'staff', NULL, NULL, NULL, 1796023384368000, 1796023384368000, 1798615384368000);
INSERT INTO public.sessions VALUES ('01a22b55-f94c-70a2-b780-49e79e28ac97', '01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f82a-70bc-b451-a83ea56d7ce3', 'manager', NULL, NULL, NULL, 1796023384396000, 1796023384396000, 1798615384396000);
INSERT INTO public.sessions VALUES ('01a22b55-f95e-705c-8650-1a27f0a6c75d', '01a22b55-f7f2-7440-bdbd-14896503041e', '01a22b55-f95e-705c-8650-1a26ac90c002', 'diner', NULL, '7', NULL, 1796023384414000, 1796023384414000, 1796066584414000);
INSERT INTO public.tables VALUES ('01a22b55-f82c-740c-b448-294697e9f3f1', '01a22b55-f7f2-7440-bdbd-14896503041e', '1', 'demo-table-1');
INSERT INTO public.tables VALUES ('01a22b55-f82f-71b6-a3ab-2d20bc208744', '01a22b55-f7f2-7440-bdbd-14896503041e', '2', 'demo-table-2');
INSERT INTO public.tables VALUES ('01a22b55-f830-7454-aa61-4e3ef89c5f14', '01a22b55-f7f2-7440-bdbd-14896503041e', '3', 'demo-table-3');
INSERT INTO public.tables VALUES ('01a22b55-f830-7454-aa61-4e3f8b09f6ce', '01a22b55-f7f2-7440-bdbd-14896503041e', '4', 'demo-table-4');
INSERT INTO public.tables VALUES ('01a22b55-f830-7454-aa61-4e4081baf30d', '01a22b55-f7f2-7440-bdbd-14896503041e', '5', 'demo-table-5');
INSERT INTO public.tables VALUES ('01a22b55-f830-7454-aa61-4e41c3e6f1c3', '01a22b55-f7f2-7440-bdbd-14896503041e', '6', 'demo-table-6');
INSERT INTO public.tables VALUES ('01a22b55-f831-70b3-8bfc-347563494fe8', '01a22b55-f7f2-7440-bdbd-14896503041e', '7', 'demo-table-7');
INSERT INTO public.tables VALUES ('01a22b55-f831-70b3-8bfc-3476ee8ac87c', '01a22b55-f7f2-7440-bdbd-14896503041e', '8', 'demo-table-8');
INSERT INTO public.tables VALUES ('01a22b55-f831-70b3-8bfc-3477b5e9fe7a', '01a22b55-f7f2-7440-bdbd-14896503041e', '9', 'demo-table-9');
INSERT INTO public.tables VALUES ('01a22b55-f831-70b3-8bfc-34785a981aa9', '01a22b55-f7f2-7440-bdbd-14896503041e', '10', 'demo-table-10');
INSERT INTO public.tables VALUES ('01a22b55-f831-70b3-8bfc-34793cec01e4', '01a22b55-f7f2-7440-bdbd-14896503041e', '11', 'demo-table-11');
INSERT INTO public.tables VALUES ('01a22b55-f832-7483-9943-585714e48119', '01a22b55-f7f2-7440-bdbd-14896503041e', '12', 'demo-table-12');
INSERT INTO public.users VALUES ('01a22b55-f810-7173-9561-f5fb44db5a50', '01a22b55-f7f2-7440-bdbd-14896503041e', 'staff', 'staff', '$argon2id$v=19$m=19456,t=2,p=1$GkWtWOGN/inxAZE/5k0l5w$fDGeMpj3fB/PORxYHTx6u7PUk3p2VEHtR3dQy+Be7JM', 1796023384080000);
INSERT INTO public.users VALUES ('01a22b55-f82a-70bc-b451-a83ea56d7ce3', '01a22b55-f7f2-7440-bdbd-14896503041e', 'manager', 'manager', '$argon2id$v=19$m=19456,t=2,p=1$QWbm7lXOUCGjzT9Z78KNgg$qsOKgPLLkTjZc8czzwMXAY2T1E6CRkYUq4E+28aIxH0', 1796023384106000);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (restaurant, id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (restaurant, id);
ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (restaurant, sub, id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.display_leases
    ADD CONSTRAINT display_leases_pkey PRIMARY KEY (restaurant, display, node);
ALTER TABLE ONLY public.displays
    ADD CONSTRAINT displays_pkey PRIMARY KEY (restaurant, display);
ALTER TABLE ONLY public.ended_sessions
    ADD CONSTRAINT ended_sessions_pkey PRIMARY KEY (session);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (restaurant, "position");
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_pkey PRIMARY KEY (restaurant);
ALTER TABLE ONLY public.menus
    ADD CONSTRAINT menus_pkey PRIMARY KEY (restaurant);
ALTER TABLE ONLY public.meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (restaurant, id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_restaurant_number_key UNIQUE (restaurant, number);
ALTER TABLE ONLY public.pairings
    ADD CONSTRAINT pairings_pkey PRIMARY KEY (device_code_hash);
ALTER TABLE ONLY public.pairings
    ADD CONSTRAINT pairings_user_code_key UNIQUE (user_code);
ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_pkey PRIMARY KEY (restaurant, diner, endpoint);
ALTER TABLE ONLY public.restaurants
    ADD CONSTRAINT restaurants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.restaurants
    ADD CONSTRAINT restaurants_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.session_refreshes
    ADD CONSTRAINT session_refreshes_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_key_key UNIQUE (key);
ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_restaurant_label_key UNIQUE (restaurant, label);
ALTER TABLE ONLY public.undrawn
    ADD CONSTRAINT undrawn_pkey PRIMARY KEY (restaurant, station, order_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_restaurant_username_key UNIQUE (restaurant, username);
CREATE INDEX commands_by_age ON public.commands USING btree (at);
CREATE INDEX devices_of_restaurant ON public.devices USING btree (restaurant, id);
CREATE INDEX displays_connected ON public.displays USING btree (connected, restaurant, display);
CREATE INDEX ended_sessions_by_age ON public.ended_sessions USING btree (ended_at, session);
CREATE INDEX events_of_order ON public.events USING btree (restaurant, order_id, "position");
CREATE INDEX events_of_topic ON public.events USING btree (restaurant, topic, "position");
CREATE INDEX menus_that_lapse ON public.menus USING btree (next_lapse) WHERE (next_lapse IS NOT NULL);
CREATE INDEX orders_of_diner ON public.orders USING btree (restaurant, diner, id) WHERE (diner IS NOT NULL);
CREATE INDEX orders_of_status ON public.orders USING btree (restaurant, status, id);
CREATE INDEX orders_open ON public.orders USING btree (restaurant, id) WHERE is_open;
CREATE INDEX orders_waiting ON public.orders USING btree (restaurant, id) WHERE (waits_at IS NOT NULL);
CREATE INDEX pairings_by_age ON public.pairings USING btree (expires_at);
CREATE INDEX pairings_of_device ON public.pairings USING btree (device) WHERE (device IS NOT NULL);
CREATE INDEX push_subscriptions_by_age ON public.push_subscriptions USING btree (expires_at);
CREATE INDEX push_subscriptions_of_endpoint ON public.push_subscriptions USING btree (restaurant, endpoint);
CREATE INDEX push_subscriptions_of_session ON public.push_subscriptions USING btree (session);
CREATE INDEX session_refreshes_of_session ON public.session_refreshes USING btree (session);
CREATE INDEX sessions_by_age ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_of_device ON public.sessions USING btree (restaurant, device, id) WHERE (device IS NOT NULL);
CREATE INDEX sessions_of_sub ON public.sessions USING btree (restaurant, sub, id);
CREATE INDEX tables_of_restaurant ON public.tables USING btree (restaurant, id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.display_leases
    ADD CONSTRAINT display_leases_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.displays
    ADD CONSTRAINT displays_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.menus
    ADD CONSTRAINT menus_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.pairings
    ADD CONSTRAINT pairings_device_fkey FOREIGN KEY (device) REFERENCES public.devices(id);
ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.session_refreshes
    ADD CONSTRAINT session_refreshes_session_fkey FOREIGN KEY (session) REFERENCES public.sessions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.tables
    ADD CONSTRAINT tables_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.undrawn
    ADD CONSTRAINT undrawn_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_restaurant_fkey FOREIGN KEY (restaurant) REFERENCES public.restaurants(id);
