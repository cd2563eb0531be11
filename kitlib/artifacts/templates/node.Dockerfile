# The {{ name }}'s image.
{% for stage in container.stages %}
#   {{ stage.name }}: {{ stage.does }}
{% endfor %}
ARG {{ base.name }}={{ base.default }}

FROM ${{ "{" }}{{ base.name }}{{ "}" }} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc* ./
# All of them: the build needs what `npm ci --omit=dev` would leave out.
RUN npm ci

# For Compose, which mounts the source over {{ workdir }}/{{ source }}. The server writes beside it.
FROM dependencies AS development
ENV {{ development_environment }}
COPY . .
RUN chown {{ uid }}:{{ uid }} /app
USER {{ uid }}:{{ uid }}
{% if ports %}
EXPOSE {{ ports | join(" ") }}
{% endif %}
CMD {{ development_command }}

FROM dependencies AS builder
{% for argument in arguments %}
ARG {{ argument }}
{% endfor %}
ENV NEXT_TELEMETRY_DISABLED=1
COPY . .
RUN npm run build

FROM ${{ "{" }}{{ base.name }}{{ "}" }} AS production
# kit:keep packages
# kit:keep end
WORKDIR /app
ENV {{ environment }}
# The standalone server holds the modules it needs; its static files and public/ are not among them.
COPY --from=builder /app/.next/standalone ./
COPY --from=builder /app/.next/static ./.next/static
COPY --from=builder /app/public ./public
{% if folders %}
# The only places that it may write to; the rest is root's, and may be read-only.
RUN mkdir -p {{ folders | join(" ") }} && chown {{ uid }}:{{ uid }} {{ folders | join(" ") }}
{% endif %}
# Numeric, so that Kubernetes' runAsNonRoot can tell.
USER {{ uid }}:{{ uid }}
{% if ports %}
EXPOSE {{ ports | join(" ") }}
{% endif %}
{% if health %}
# For Compose and docker run: Kubernetes ignores it and has its own probes.
{{ health }}
{% endif %}
CMD {{ command }}
